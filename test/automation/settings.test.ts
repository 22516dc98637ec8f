import test from "ava";
import { readSettings } from "../../automation/settings.ts";

test("the environment is read once, into one value", (t) => {
  const environment = {
    DR_PROJECT_DIR: "project",
    DR_RESOLVER: "127.9.0.53:5353, 10.0.0.2:53",
    PULUMI_BACKEND_URL: " s3://state ",
    AWS_ENDPOINT_URL: "",
  };
  t.deepEqual(readSettings(environment, "/home/ann"), {
    projectDirectory: "/home/ann/project",
    backendUrl: "s3://state",
    awsEndpoint: undefined,
    resolvers: ["127.9.0.53:5353", "10.0.0.2:53"],
    environment,
  });
});

test("nothing set: this directory, the machine's resolvers, AWS itself", (t) => {
  const { environment: _, ...settings } = readSettings({}, "/home/ann");
  t.deepEqual(settings, {
    projectDirectory: "/home/ann",
    backendUrl: undefined,
    awsEndpoint: undefined,
    resolvers: [],
  });
});
