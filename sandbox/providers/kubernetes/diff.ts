/**
 * How the Kubernetes provider finds changes: the live state, reduced to what the program had asked for, against the
 * new manifest. https://github.com/pulumi/pulumi-kubernetes/blob/master/provider/pkg/provider/provider.go (`Diff`)
 */
import type { Properties } from "../../cloud/behaviour.ts";
import { covers, differences, parsePath, renderPath } from "../diff.ts";
import type { DiffRequest, DiffResult } from "../protocol/provider.ts";
import { equal, isRecord, unwrap, unwrapAll, type Values } from "../protocol/value.ts";
import { isAutonamed, normalise } from "./check.ts";
import { replaces } from "./immutable.ts";
import { activeCluster } from "./kubeconfig.ts";
import { isOwn, metadataOf, prune } from "./manifest.ts";

const manifestOf = (values: Values): Values =>
  normalise(unwrapAll(Object.fromEntries(Object.entries(values).filter(([key]) => !isOwn(key)))));

export function diff(request: DiffRequest): DiffResult {
  const shape = manifestOf(request.oldInputs);
  const live = prune(manifestOf(request.olds) as Properties, shape as Properties) as Values;
  const news = manifestOf(request.news);
  const ignored = request.ignoreChanges.map(parsePath);
  const kind = String(news["kind"]);
  const changes = differences(live, news)
    .filter(({ path }) => !ignored.some((pattern) => covers(pattern, path)))
    .map(({ path, kind: change }) => ({
      path: renderPath(path),
      kind: change,
      replaces: replaces(kind, path.join(".")),
    }));
  const [before, after] = [metadataOf(live), metadataOf(news)];
  return {
    changes,
    stables: [],
    deleteBeforeReplace:
      !isAutonamed(news) &&
      equal(before["name"], after["name"]) &&
      equal(before["namespace"], after["namespace"]),
  };
}

/** The same cluster, as far as the provider can tell; `clusterIdentifier`, when given, alone decides. */
function sameCluster(olds: Values, news: Values): boolean {
  if (olds["clusterIdentifier"] !== undefined || news["clusterIdentifier"] !== undefined) {
    return equal(olds["clusterIdentifier"], news["clusterIdentifier"]);
  }
  const [before, after] = [olds["kubeconfig"], news["kubeconfig"]];
  if (before === undefined || after === undefined) return before === after;
  const known = unwrap(after);
  if (typeof known !== "string" && !isRecord(known)) return false;
  return equal(activeCluster(before).cluster, activeCluster(after).cluster);
}

/** A replaced provider replaces every object that it made. */
export function diffConfig(request: DiffRequest): DiffResult {
  const olds = Object.keys(request.oldInputs).length > 0 ? request.oldInputs : request.olds;
  const names = [...new Set([...Object.keys(olds), ...Object.keys(request.news)])].filter(
    (name) => name !== "version",
  );
  const changed = names.filter((name) => !equal(olds[name], request.news[name]));
  const same = changed.length === 0 || sameCluster(olds, request.news);
  return {
    changes: changed.map((path) => ({ path, kind: "update", replaces: !same })),
    stables: [],
    deleteBeforeReplace: false,
  };
}
