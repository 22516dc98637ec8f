/** What kinds of Kubernetes stand for, whatever their group and version: `kubernetes:<Kind>`. */
import { type Group, grant, guard, plain, serving, stateful } from "./standing.ts";

export const KUBERNETES: readonly Group[] = [
  stateful(
    "volumes",
    { rpo: "everything on them since the last snapshot", rto: "a restore of the volumes" },
    ["kubernetes:PersistentVolume", "kubernetes:PersistentVolumeClaim", "kubernetes:StatefulSet"],
  ),
  stateful("everything in the namespace", { rto: "nothing of it runs until it is deployed again" }, [
    "kubernetes:Namespace",
  ]),
  stateful("every object of the kind", { rpo: "the objects", rto: "their operator stops" }, [
    "kubernetes:CustomResourceDefinition",
  ]),
  serving("what it runs stops until new pods are ready", [
    "kubernetes:Deployment",
    "kubernetes:DaemonSet",
    "kubernetes:ReplicaSet",
    "kubernetes:ReplicationController",
    "kubernetes:Pod",
    "kubernetes:CronJob",
    "kubernetes:Release",
  ]),
  serving("nobody finds its pods meanwhile", [
    "kubernetes:Service",
    "kubernetes:Endpoints",
    "kubernetes:EndpointSlice",
    "kubernetes:Ingress",
    "kubernetes:IngressClass",
    "kubernetes:Gateway",
    "kubernetes:HTTPRoute",
    "kubernetes:APIService",
  ]),
  serving("pods cannot start without it", [
    "kubernetes:ServiceAccount",
    "kubernetes:ConfigMap",
    // Its value comes from the program.
    "kubernetes:Secret",
    "kubernetes:StorageClass",
    "kubernetes:RuntimeClass",
    "kubernetes:PriorityClass",
  ]),
  guard({ rto: "load is no longer followed: too few pods when traffic moves" }, [
    "kubernetes:HorizontalPodAutoscaler",
  ]),
  guard({ rto: "a drain or an upgrade may take every pod at once" }, ["kubernetes:PodDisruptionBudget"]),
  guard({}, [
    "kubernetes:NetworkPolicy",
    "kubernetes:ResourceQuota",
    "kubernetes:LimitRange",
    "kubernetes:ValidatingWebhookConfiguration",
    "kubernetes:MutatingWebhookConfiguration",
    "kubernetes:ValidatingAdmissionPolicy",
    "kubernetes:ValidatingAdmissionPolicyBinding",
  ]),
  grant([
    "kubernetes:Role",
    "kubernetes:RoleBinding",
    "kubernetes:ClusterRole",
    "kubernetes:ClusterRoleBinding",
  ]),
  plain(["kubernetes:Job", "kubernetes:Lease", "kubernetes:Event", "kubernetes:VolumeSnapshotClass"]),
];
