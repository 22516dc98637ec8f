/** What takes longest begins first: otherwise one of them runs alone at the end. */
const LONGEST = [
  "automation/review/workflows.engine",
  "stacks/route53.engine",
  "stacks/cloudflare.engine",
  "sandbox/aurora/failover.engine",
  "sandbox/aurora/replication.engine",
  "stacks/properties",
];
const rank = (file) => {
  const found = LONGEST.findIndex((one) => file.endsWith(`/${one}.test.ts`));
  return found === -1 ? LONGEST.length : found;
};

export default {
  files: ["test/**/*.test.ts"],
  extensions: ["ts"],
  workerThreads: false,
  timeout: "2m",
  sortTestFiles: (a, b) => rank(a) - rank(b) || (a < b ? -1 : 1),
};
