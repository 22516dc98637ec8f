/** The rules as a Pulumi policy pack: resources out of the SDK's proxies, findings into its reports. */
import type { Policies, PolicyResource, ReportViolation, ResourceValidationArgs } from "@pulumi/policy";
import type { Finding, Rule } from "./rule.ts";
import { type Seen, UNKNOWN } from "./seen.ts";

type Shown = ResourceValidationArgs | PolicyResource;

/** Reads one resource. The SDK's proxies throw at an unknown value; the errors are kept for `tell`. */
class Reader {
  readonly unknowns: Error[] = [];

  seen(resource: Shown): Seen {
    const { urn, type, name, opts, provider } = resource;
    const needs = "propertyDependencies" in resource ? resource.propertyDependencies : {};
    const props = this.#plain(resource.props) as Seen["props"];
    const region = props["region"] ?? (provider && this.#property(provider.props, "region"));
    return {
      urn,
      type,
      name,
      props,
      protect: opts.protect,
      ignoreChanges: opts.ignoreChanges,
      region: region === UNKNOWN || typeof region === "string" ? region : undefined,
      needs: Object.fromEntries(
        Object.entries(needs).map(([key, sources]) => [key, sources.map((source) => source.urn)]),
      ),
    };
  }

  #plain(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.keys(value).map((key) => [
      key,
      this.#property(value as Record<string, unknown>, key),
    ]);
    return Array.isArray(value) ? entries.map(([, one]) => one) : Object.fromEntries(entries);
  }

  #property(object: Readonly<Record<string, unknown>>, key: string): unknown {
    let value: unknown;
    try {
      value = object[key];
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.unknowns.push(error);
      return UNKNOWN;
    }
    return this.#plain(value);
  }
}

/**
 * Violations one by one; then what could not be decided. The SDK makes a warning of its own error, of which a preview
 * may have any number: the update decides. Undecided though nothing is unknown stays a violation.
 */
function tell(findings: readonly Finding[], { unknowns: [unknown] }: Reader, report: ReportViolation): void {
  const isOpen = (finding: Finding) => finding.unknown && unknown !== undefined;
  for (const finding of findings) if (!isOpen(finding)) report(finding.message, finding.urn);
  const open = findings.filter(isOpen).map(({ message }) => message);
  if (unknown !== undefined && open.length > 0) {
    throw Object.assign(unknown, { message: open.join("; ") });
  }
}

/**
 * Stack rules judge what the program asks for too, remembered from when each resource was analysed: to them the engine
 * shows outputs, and of a resource whose provider is not configured yet there are none.
 */
export function policiesOf(rules: readonly Rule[]): Policies {
  const asked = new Map<string, Pick<Seen, "props" | "protect" | "ignoreChanges" | "region">>();
  return rules.map(({ name, description, ...rule }) => {
    if (rule.of === "resource") {
      return {
        name,
        description,
        validateResource: (args, report) => {
          const reader = new Reader();
          const resource = reader.seen(args);
          asked.set(resource.urn, resource);
          tell(rule.check(resource), reader, report);
        },
      };
    }
    return {
      name,
      description,
      validateStack: ({ resources }, report) => {
        const reader = new Reader();
        const all = resources
          .map((resource) => reader.seen(resource))
          .map((resource) => ({ ...resource, ...asked.get(resource.urn), needs: resource.needs }));
        tell(rule.check(all), reader, report);
      },
    };
  });
}
