// Push a raw article with ioredis: node push.js article.json [redis://…]
// To the embedded broker of a worker: node push.js article.json unix://$PWD/var/broker.sock
const { randomUUID } = require("node:crypto");
const { readFileSync } = require("node:fs");
const Redis = require("ioredis");

// A Celery message, task protocol 2. It may hold several articles: see docs/message.md.
function message(article, receipt) {
  const body = [[[article]], { receipts: [receipt] }, {}];
  return JSON.stringify({
    headers: { task: "articles.ingest", id: randomUUID() },
    properties: { delivery_info: {}, body_encoding: "base64" },
    "content-type": "application/json",
    "content-encoding": "utf-8",
    body: Buffer.from(JSON.stringify(body)).toString("base64"),
  });
}

async function main(file, url = "redis://localhost:6379/0") {
  const receipt = randomUUID();
  const broker = new Redis(url.replace(/^unix:\/\//, "")); // ioredis takes a path for a socket
  await broker.lpush("articles", message(JSON.parse(readFileSync(file, "utf8")), receipt));
  await broker.quit();
  console.log(receipt);
}

main(...process.argv.slice(2)).catch((error) => {
  console.error(String(error));
  process.exit(1);
});
