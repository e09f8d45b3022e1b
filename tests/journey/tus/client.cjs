// Uploads a file with tus-js-client: client.cjs FILE ENDPOINT TOKEN NAME. Prints JSON: the upload's URL, its job, the number of retries.
const fs = require("node:fs");
const tus = require("tus-js-client");

const [file, endpoint, token, name] = process.argv.slice(2);
const progress = { retries: 0 };
const upload = new tus.Upload(fs.createReadStream(file), {
  endpoint,
  uploadSize: fs.statSync(file).size,
  chunkSize: 16 * 1024 * 1024, // required for a stream; a client with a file sends all of it at once
  retryDelays: [0, 100, 300, 1000, 3000, 5000],
  headers: { Authorization: `Bearer ${token}` },
  metadata: { filename: name, filetype: "video/mp4", quality: "64k" },
  onShouldRetry: (error, attempt, options) => {
    progress.retries += 1;
    const status = error.originalResponse ? error.originalResponse.getStatus() : 0;
    return status === 0 || status === 409 || status === 423 || status >= 500;
  },
  onError: (error) => {
    console.error(String(error));
    process.exit(1);
  },
  onSuccess: ({ lastResponse }) => {
    const job = lastResponse.getHeader("Content-Location");
    console.log(JSON.stringify({ url: upload.url, job, ...progress }));
  },
});
upload.start();
