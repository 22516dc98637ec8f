/** What types of Cloudflare stand for. */
import { type Group, grant, guard, plain, serving, stateful } from "./standing.ts";

export const CLOUDFLARE: readonly Group[] = [
  stateful(
    "a zone",
    { rpo: "its records", rto: "the delegation has to be changed at the registrar: hours to days" },
    ["cloudflare:index/zone:Zone", "cloudflare:index/registrarDomain:RegistrarDomain"],
  ),
  stateful("objects or rows", { rpo: "everything in it", rto: "copied back from elsewhere, if anywhere" }, [
    "cloudflare:index/r2Bucket:R2Bucket",
    "cloudflare:index/d1Database:D1Database",
    "cloudflare:index/workersKvNamespace:WorkersKvNamespace",
    "cloudflare:index/workersKv:WorkersKv",
    "cloudflare:index/queue:Queue",
    "cloudflare:index/image:Image",
    "cloudflare:index/stream:Stream",
    "cloudflare:index/secretsStore:SecretsStore",
  ]),
  serving("the public name answers nothing, or the wrong region, meanwhile", [
    "cloudflare:index/dnsRecord:DnsRecord",
    "cloudflare:index/record:Record",
    "cloudflare:index/loadBalancer:LoadBalancer",
    "cloudflare:index/loadBalancerPool:LoadBalancerPool",
    "cloudflare:index/spectrumApplication:SpectrumApplication",
    "cloudflare:index/certificatePack:CertificatePack",
    "cloudflare:index/customSsl:CustomSsl",
    "cloudflare:index/workersScript:WorkersScript",
    "cloudflare:index/workersRoute:WorkersRoute",
    "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared",
  ]),
  guard({ rto: "a dead region keeps its traffic" }, [
    "cloudflare:index/loadBalancerMonitor:LoadBalancerMonitor",
    "cloudflare:index/healthcheck:Healthcheck",
  ]),
  guard({ rto: "nobody is told: the decision comes later" }, [
    "cloudflare:index/notificationPolicy:NotificationPolicy",
  ]),
  guard({}, [
    "cloudflare:index/r2BucketLock:R2BucketLock",
    "cloudflare:index/ruleset:Ruleset",
    "cloudflare:index/zoneDnssec:ZoneDnssec",
    "cloudflare:index/zoneLockdown:ZoneLockdown",
    "cloudflare:index/authenticatedOriginPulls:AuthenticatedOriginPulls",
  ]),
  grant([
    "cloudflare:index/apiToken:ApiToken",
    "cloudflare:index/accountToken:AccountToken",
    "cloudflare:index/accountMember:AccountMember",
    "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy",
  ]),
  plain([
    "cloudflare:index/zoneSetting:ZoneSetting",
    "cloudflare:index/pageRule:PageRule",
    "cloudflare:index/tieredCache:TieredCache",
  ]),
];
