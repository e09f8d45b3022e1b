"""Rules for every pod: twenty about security and limits, and three about operation.

The first fifteen are the Pod Security Standard `restricted`, which includes `baseline`. Each rule takes a pod and
returns whether the pod follows it.
"""

import re
from typing import Any

from tests.manifests.pods import Pod

VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
}
SELINUX_TYPES = {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
PROFILES = {"RuntimeDefault", "Localhost"}
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
IMAGE_WITH_VERSION = re.compile(r"[a-z0-9./-]+:v?\d+(\.\d+)+")


def no_host_namespaces(pod: Pod) -> bool:
    """The pod shares neither the network nor the processes nor the IPC namespace of its node."""
    return not any(pod.spec.get(field) for field in ("hostNetwork", "hostPID", "hostIPC"))


def no_host_process(pod: Pod) -> bool:
    """The pod has no HostProcess container of Windows."""
    return not any(windows.get("hostProcess") for windows in settings(pod, "windowsOptions"))


def not_privileged(pod: Pod) -> bool:
    """No container is privileged."""
    return not any(settings(pod, "privileged"))


def no_capabilities(pod: Pod) -> bool:
    """All capabilities are dropped, and none is added."""
    given = [container.get("securityContext", {}).get("capabilities", {}) for container in pod.containers]
    return all("ALL" in one.get("drop", []) and not one.get("add") for one in given)


def harmless_volumes(pod: Pod) -> bool:
    """No volume is a path of the node or of a deprecated type."""
    return all({*volume} - {"name"} <= VOLUMES for volume in pod.spec.get("volumes", []))


def no_host_ports(pod: Pod) -> bool:
    """No container uses a port of the node."""
    return not any(port.get("hostPort") for container in pod.containers for port in container.get("ports", []))


def no_host_probes(pod: Pod) -> bool:
    """No probe and no hook calls another host than the pod."""
    hooks = [probe for it in pod.containers for probe in (*(it.get(name, {}) for name in PROBES), *lifecycle(it))]
    return not any(hook.get(way, {}).get("host") for hook in hooks for way in ("httpGet", "tcpSocket"))


def apparmor_on(pod: Pod) -> bool:
    """The AppArmor profile is the runtime's default or one of the node."""
    old = [value for key, value in pod.annotations.items() if key.startswith("container.apparmor.security.beta")]
    named = all(profile["type"] in PROFILES for profile in settings(pod, "appArmorProfile"))
    return named and all(value == "runtime/default" or value.startswith("localhost/") for value in old)


def selinux_on(pod: Pod) -> bool:
    """The SELinux type is one for containers, without a user or role."""
    options = settings(pod, "seLinuxOptions")
    return all(one.get("type", "") in SELINUX_TYPES and not one.get("user") and not one.get("role") for one in options)


def proc_masked(pod: Pod) -> bool:
    """The default mask of /proc stays in place."""
    return {*settings(pod, "procMount")} <= {"Default"}


def seccomp_on(pod: Pod) -> bool:
    """Every container's system calls are filtered by the runtime's profile."""
    return all(profile == {"type": "RuntimeDefault"} for profile in effective(pod, "seccompProfile"))


def safe_sysctls(pod: Pod) -> bool:
    """The pod sets only kernel parameters that are safe, as they are namespaced."""
    return all(sysctl["name"] in SYSCTLS for sysctls in settings(pod, "sysctls") for sysctl in sysctls)


def no_privilege_escalation(pod: Pod) -> bool:
    """No program gets more privileges than its parent, such as by setuid."""
    return all(it.get("securityContext", {}).get("allowPrivilegeEscalation") is False for it in pod.containers)


def not_as_root(pod: Pod) -> bool:
    """The node refuses to start the pod as root."""
    return {*effective(pod, "runAsNonRoot")} == {True} and False not in settings(pod, "runAsNonRoot")


def numeric_user(pod: Pod) -> bool:
    """The user is a number other than 0, as the node cannot look up a name."""
    return all(
        isinstance(user, int) and user > 0 for user in (*effective(pod, "runAsUser"), *settings(pod, "runAsUser"))
    )


def high_user(pod: Pod) -> bool:
    """The user id is none of the node's users. The stores use the id of their images, which owns existing volumes."""
    users = (*effective(pod, "runAsUser"), *settings(pod, "runAsUser"))
    return pod.name in {"mongodb", "mysql"} or not any(isinstance(user, int) and 0 < user < 10_000 for user in users)


def no_secret_for_other_programs(pod: Pod) -> bool:
    """The gateway and the mail server, which run third-party programs, get no secret but the gateway's own password."""
    variables = [variable for it in pod.containers for variable in it.get("env", [])]
    given = {
        it["valueFrom"]["secretKeyRef"].get("name") for it in variables if "secretKeyRef" in it.get("valueFrom", {})
    }
    return pod.name not in {"gateway", "mail"} or given <= {pod.name} & {"gateway"}


def read_only_root(pod: Pod) -> bool:
    """The root file system of every container is read-only."""
    return all(it.get("securityContext", {}).get("readOnlyRootFilesystem") is True for it in pod.containers)


def no_cluster_token(pod: Pod) -> bool:
    """The pod has no service account token for the cluster's API."""
    return pod.spec.get("automountServiceAccountToken") is False and "serviceAccountName" not in pod.spec


def requests_and_limits(pod: Pod) -> bool:
    """Every container has requests and limits of CPU and memory."""
    given = [
        container.get("resources", {}).get(part, {}) for container in pod.containers for part in ("requests", "limits")
    ]
    return all({"cpu", "memory"} <= {*one} for one in given)


def probed(pod: Pod) -> bool:
    """Every container that serves has a readiness and a liveness probe."""
    return not pod.serves or all({"readinessProbe", "livenessProbe"} <= {*it} for it in pod.spec["containers"])


def sized_scratch(pod: Pod) -> bool:
    """An emptyDir has a size limit, beyond which the pod is evicted before the node is full."""
    return all("sizeLimit" in it["emptyDir"] for it in pod.spec.get("volumes", []) if "emptyDir" in it)


def image_of_a_version(pod: Pod) -> bool:
    """Images have a version, never `latest`."""
    return all(IMAGE_WITH_VERSION.match(container["image"]) for container in pod.containers)


RULES = (
    no_host_namespaces,
    no_host_process,
    not_privileged,
    no_capabilities,
    harmless_volumes,
    no_host_ports,
    no_host_probes,
    apparmor_on,
    selinux_on,
    proc_masked,
    seccomp_on,
    safe_sysctls,
    no_privilege_escalation,
    not_as_root,
    numeric_user,
    high_user,
    no_secret_for_other_programs,
    read_only_root,
    no_cluster_token,
    requests_and_limits,
    probed,
    sized_scratch,
    image_of_a_version,
)


def settings(pod: Pod, field: str) -> list[Any]:
    """Return the field of every security context that has it, the pod's or a container's."""
    contexts = [owner.get("securityContext", {}) for owner in (pod.spec, *pod.containers)]
    return [context[field] for context in contexts if field in context]


def effective(pod: Pod, field: str) -> list[Any]:
    """Return the effective value for each container: its own, else the pod's, else None."""
    common = pod.spec.get("securityContext", {}).get(field)
    return [container.get("securityContext", {}).get(field, common) for container in pod.containers]


def lifecycle(container: dict[str, Any]) -> list[dict[str, Any]]:
    return [*container.get("lifecycle", {}).values()]
