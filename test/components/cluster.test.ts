import test from "ava";
import { kubeconfig } from "../../components/kubeconfig.ts";
import { amiTypeFor } from "../../components/nodes.ts";

test("nodes get the image of their processor", (t) => {
  for (const type of ["m7g.xlarge", "c8gd.large", "r6gn.2xlarge", "x2gd.large"]) {
    t.is(amiTypeFor(type), "AL2023_ARM_64_STANDARD", type);
  }
  for (const type of ["m7i.xlarge", "c6a.large", "g5.xlarge", "m5.large"]) {
    t.is(amiTypeFor(type), "AL2023_x86_64_STANDARD", type);
  }
});

test("a kubeconfig names cluster and region as arguments and asks for a token at each use", (t) => {
  const config = JSON.parse(
    kubeconfig({
      clusterName: "exchange-us-west-2",
      region: "us-west-2",
      endpoint: "https://example.eks",
      certificateAuthority: "Q0E=",
    }),
  );
  t.deepEqual(config.clusters[0].cluster, {
    server: "https://example.eks",
    "certificate-authority-data": "Q0E=",
  });
  t.deepEqual(config.users[0].user, {
    exec: {
      apiVersion: "client.authentication.k8s.io/v1beta1",
      command: "aws",
      args: [
        ...["eks", "get-token", "--region", "us-west-2"],
        ...["--cluster-name", "exchange-us-west-2", "--output", "json"],
      ],
      interactiveMode: "Never",
    },
  });
});
