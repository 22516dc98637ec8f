/** How the provider reaches a cluster. */
import { Provider as Kubernetes } from "@pulumi/kubernetes/provider.js";
import { all, type CustomResourceOptions, type Output } from "@pulumi/pulumi";
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

export interface KubernetesProviderArgs {
  readonly clusterName: string;
  readonly region: Region;
  readonly endpoint: Output<string>;
  readonly certificateAuthority: Output<string>;
}

export const kubernetesProvider = (
  name: string,
  { clusterName, region, ...args }: KubernetesProviderArgs,
  options: CustomResourceOptions,
): Kubernetes =>
  new Kubernetes(
    name,
    {
      kubeconfig: all([args.endpoint, args.certificateAuthority]).apply(([endpoint, certificateAuthority]) =>
        kubeconfig({ clusterName, region, endpoint, certificateAuthority }),
      ),
      // Without it, a kubeconfig not known at preview time counts as another cluster and replaces every object.
      clusterIdentifier: clusterName,
      enableServerSideApply: true,
    },
    options,
  );
