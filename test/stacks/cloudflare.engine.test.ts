import { walk } from "./walk.ts";

const dns = JSON.stringify({
  provider: "cloudflare",
  name: "exchange.example.com",
  zoneId: "a".repeat(32),
  cloudflareAccountId: "b".repeat(32),
});
walk({ dns }, false);
