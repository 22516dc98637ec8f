/**
 * Fields whose change makes the provider replace an object, because the API server would refuse it.
 * https://github.com/pulumi/pulumi-kubernetes/blob/master/provider/pkg/provider/force_new_properties.go
 */
const ALWAYS = ["metadata.name", "metadata.namespace"];

const BY_KIND: Readonly<Record<string, readonly string[]>> = {
  ClusterRoleBinding: ["roleRef"],
  ConfigMap: ["binaryData", "data"],
  DaemonSet: ["spec.selector"],
  Deployment: ["spec.selector"],
  Job: ["spec.completions", "spec.parallelism", "spec.selector", "spec.template"],
  PersistentVolumeClaim: ["spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"],
  ResourceQuota: ["spec.scopes"],
  RoleBinding: ["roleRef"],
  Secret: ["type", "stringData", "data"],
  Service: ["spec.clusterIP"],
  StatefulSet: [
    "spec.podManagementPolicy",
    "spec.revisionHistoryLimit",
    "spec.selector",
    "spec.serviceName",
    "spec.volumeClaimTemplates",
  ],
  StorageClass: ["parameters", "provisioner"],
};

/** Whether a change at `path` (dotted) replaces an object of this kind. */
export const replaces = (kind: string, path: string): boolean =>
  [...ALWAYS, ...(BY_KIND[kind] ?? [])].some((field) => path === field || path.startsWith(`${field}.`));
