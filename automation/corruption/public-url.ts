import { loadDeployment } from "../deployment.ts";
import type { Settings } from "../settings.ts";

/** Where clients go, as the deployment says. */
export async function publicUrl(settings: Settings): Promise<string> {
  const { publicName, listenerPort } = (await loadDeployment(settings)).stacks.prod;
  return listenerPort === 443 ? `https://${publicName}` : `http://${publicName}:${listenerPort}`;
}
