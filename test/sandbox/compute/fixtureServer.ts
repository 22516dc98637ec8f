/** Runs as a pod's process in tests. */
import { createServer } from "node:http";

const { POD_IP, PORT, POD_NAME } = process.env;
let healthy = true;
let ready = true;
let stubborn = false;

const server = createServer((request, response) => {
  const url = new URL(request.url ?? "/", "http://pod");
  const say = (status: number, body: unknown) => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  };
  switch (url.pathname) {
    case "/healthz":
      return say(healthy ? 200 : 500, { healthy });
    case "/ready":
      return say(ready ? 200 : 503, { ready });
    case "/sick":
      healthy = false;
      return say(200, {});
    case "/unready":
      ready = false;
      return say(200, {});
    case "/started":
      return say(process.uptime() * 1000 > Number(process.env["START_MS"]) ? 200 : 503, {});
    case "/stubborn":
      stubborn = true;
      return say(200, {});
    case "/exit":
      say(200, {});
      return setImmediate(() => process.exit(3));
    case "/burn": {
      const end = Date.now() + Number(url.searchParams.get("ms"));
      while (Date.now() < end);
      return say(200, {});
    }
    case "/env":
      return say(200, process.env);
    case "/fetch":
      return void fetch(url.searchParams.get("url") ?? "").then(
        async (answer) => say(200, await answer.json()),
        (error: Error) => say(502, { error: String(error.cause ?? error) }),
      );
    default:
      return say(200, {
        pod: POD_NAME,
        path: url.pathname,
        from: request.socket.remoteAddress,
        pid: process.pid,
      });
  }
});
server.listen(Number(PORT), POD_IP);
process.on("SIGTERM", () => {
  console.log("SIGTERM");
  if (stubborn) return;
  server.close(() => process.exit(0));
  server.closeAllConnections();
});
