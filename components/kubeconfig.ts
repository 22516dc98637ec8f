/** How the provider reaches a cluster, as a pure value. */
import type { Region } from "./model.ts";

export interface ClusterAddress {
  readonly clusterName: string;
  readonly region: Region;
  readonly endpoint: string;
  /** Base64 of the PEM. */
  readonly certificateAuthority: string;
}

/**
 * Holds no token: one would expire in state, and sign in as whoever deployed last. The region is an argument and not
 * the caller's default, which may be the dead one.
 */
export const kubeconfig = ({ clusterName, region, endpoint, certificateAuthority }: ClusterAddress): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": clusterName,
    contexts: [{ name: clusterName, context: { cluster: clusterName, user: clusterName } }],
    clusters: [
      {
        name: clusterName,
        cluster: { server: endpoint, "certificate-authority-data": certificateAuthority },
      },
    ],
    users: [
      {
        name: clusterName,
        user: {
          exec: {
            apiVersion: "client.authentication.k8s.io/v1beta1",
            command: "aws",
            args: ["eks", "get-token", "--region", region, "--cluster-name", clusterName, "--output", "json"],
            interactiveMode: "Never",
          },
        },
      },
    ],
  });
