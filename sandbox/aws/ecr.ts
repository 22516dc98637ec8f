/**
 * ECR: what was pushed to a region's own registry. Nodes pull from the same store, so that an image which is missing
 * there is missing to pods too.
 */
import type { Region } from "../../components/model.ts";
import type { ImageRegistry } from "../compute/images.ts";
import type { Registry } from "../providers/registry.ts";
import { JsonError, jsonService } from "./json.ts";
import type { AwsService } from "./protocol.ts";

export interface EcrOptions {
  readonly accountId: string;
  readonly registry: Registry;
  readonly images: ImageRegistry;
}

export function createEcr({ accountId, registry, images }: EcrOptions): AwsService {
  /** The references that the request names, as Deployments name them. */
  const named = ({ repositoryName, imageIds }: Readonly<Record<string, unknown>>, region: Region) => {
    const repository = String(repositoryName);
    const [found] = registry
      .list({ type: "aws:ecr/repository:Repository", region })
      .filter(({ outputs }) => outputs["name"] === repository);
    if (found === undefined) {
      throw new JsonError(
        "RepositoryNotFoundException",
        `The repository with name '${repository}' does not exist in the registry with id '${accountId}'`,
      );
    }
    const ids = (imageIds ?? []) as readonly { readonly imageDigest?: string }[];
    return ids.map(({ imageDigest = "" }) => ({
      repository,
      digest: imageDigest,
      reference: `${String(found.outputs["repositoryUrl"])}@${imageDigest}`,
    }));
  };

  return jsonService({
    name: "ecr",
    title: "ECR",
    operations: {
      DescribeImages(input, region) {
        const asked = named(input, region);
        const missing = asked.find(({ reference }) => images.resolve(reference) === undefined);
        if (missing !== undefined) {
          throw new JsonError(
            "ImageNotFoundException",
            `The image with imageId {imageDigest:'${missing.digest}'} does not exist within the repository with name '${missing.repository}' in the registry with id '${accountId}'`,
          );
        }
        const imageDetails = asked.map(({ repository, digest }) => ({
          ...{ registryId: accountId, repositoryName: repository, imageDigest: digest },
        }));
        return { imageDetails };
      },
      BatchDeleteImage(input, region) {
        const deleted = named(input, region);
        for (const { reference } of deleted) images.delete(reference);
        return { imageIds: deleted.map(({ digest }) => ({ imageDigest: digest })), failures: [] };
      },
    },
  });
}
