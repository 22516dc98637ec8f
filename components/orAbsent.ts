/** What a data source finds, or undefined where it says that there is nothing; every other failure stays one. */
export const orAbsent = <T>(asked: Promise<T>): Promise<T | undefined> =>
  asked.catch((error: Error) => {
    if (NOTHING_THERE.test(error.message)) return undefined;
    throw error;
  });

/**
 * In the provider's words, which differ by data source.
 * https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/ec2/vpc_route_table_data_source.go
 * https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/eks/addon_data_source.go
 */
const NOTHING_THERE =
  /couldn't find resource|ResourceNotFoundException|empty result|query returned no results|no matching EC2 \w+ found/;
