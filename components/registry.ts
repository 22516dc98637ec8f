/**
 * The region's own image repositories: a pod that starts during a failover must not pull from a region that is gone.
 * CI pushes every image to both regions; ECR's own replication would leave out what was pushed before it was set up.
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
 */
import { Repository } from "@pulumi/aws/ecr/repository.js";
import { ComponentResource, type ComponentResourceOptions } from "@pulumi/pulumi";
import { regionalKey } from "./keys.ts";
import type { Region } from "./model.ts";
import { type Identity, imagesKeyAlias } from "./names.ts";

export interface RegistryArgs extends Identity {
  readonly region: Region;
  /** Images by digest; those of other registries are left to their owners. */
  readonly images: readonly string[];
}

export class Registry extends ComponentResource {
  constructor(name: string, args: RegistryArgs, options?: ComponentResourceOptions) {
    super("trading-platform:components:Registry", name, {}, options);

    const repositories = repositoriesOf(args);
    if (repositories.length > 0) {
      const key = regionalKey(
        name,
        { description: `${args.name} images, ${args.region}`, alias: imagesKeyAlias(args) },
        this,
      );
      for (const repository of repositories) {
        const label = `${name}-${repository.replaceAll("/", "-")}`;
        // Nothing expires: a digest that a Deployment names must be there when the other region takes over.
        new Repository(
          label,
          {
            name: repository,
            // A digest is what runs; a tag that moves would only mislead who reads it.
            imageTagMutability: "IMMUTABLE",
            imageScanningConfiguration: { scanOnPush: true },
            encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: key.arn }],
          },
          { parent: this, protect: true },
        );
      }
    }
    this.registerOutputs();
  }
}

/** Names of the repositories in this region's own registry, each once. */
export function repositoriesOf({ accountId, region, images }: RegistryArgs): readonly string[] {
  const own = `${accountId}.dkr.ecr.${region}.amazonaws.com/`;
  const names = images
    .filter((image) => image.startsWith(own))
    .map((image) => image.slice(own.length).replace(/@.*$/, ""));
  return [...new Set(names)];
}
