import { walk } from "./walk.ts";

walk(241, {
  dns: JSON.stringify({
    provider: "cloudflare",
    name: "exchange.example.com",
    zoneId: "a".repeat(32),
    cloudflareAccountId: "b".repeat(32),
  }),
});
