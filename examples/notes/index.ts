// Notes: an HTTP API writes them to a table and announces them in a queue, from which a second function counts words.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

const config = new pulumi.Config();
const runtime = config.require("runtime");
// AWS's distribution of OpenTelemetry: its wrapper traces what functions call, without a change of their code.
const layers = [config.require("adotLayerArn")];

const table = new aws.dynamodb.Table("notes", {
  attributes: [{ name: "id", type: "S" }],
  hashKey: "id",
  billingMode: "PAY_PER_REQUEST",
});
const queue = new aws.sqs.Queue("written", { visibilityTimeoutSeconds: 60 });

const role = new aws.iam.Role("functions", {
  assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: "lambda.amazonaws.com" }),
});
new aws.iam.RolePolicy("functions", {
  role: role.id,
  policy: pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: ["dynamodb:PutItem", "dynamodb:UpdateItem"], Resource: table.arn },
      {
        Effect: "Allow",
        Action: ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
        Resource: queue.arn,
      },
      { Effect: "Allow", Action: ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], Resource: "*" },
      { Effect: "Allow", Action: ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], Resource: "*" },
    ],
  }),
});

// Each function has a file of its name, and is traced by Lambda.
function pythonFunction(name: string, environment: Record<string, pulumi.Input<string>>): aws.lambda.Function {
  return new aws.lambda.Function(name, {
    runtime,
    handler: `${name}.handler`,
    role: role.arn,
    code: new pulumi.asset.AssetArchive({ [`${name}.py`]: new pulumi.asset.FileAsset(`functions/${name}.py`) }),
    timeout: 10,
    layers,
    environment: { variables: { ...environment, AWS_LAMBDA_EXEC_WRAPPER: "/opt/otel-instrument" } },
    tracingConfig: { mode: "Active" },
  });
}

const write = pythonFunction("write", { TABLE_NAME: table.name, QUEUE_URL: queue.url });
const count = pythonFunction("count", { TABLE_NAME: table.name });
new aws.lambda.EventSourceMapping("count", { eventSourceArn: queue.arn, functionName: count.name });

const api = new aws.apigatewayv2.Api("notes", { protocolType: "HTTP" });
const integration = new aws.apigatewayv2.Integration("write", {
  apiId: api.id,
  integrationType: "AWS_PROXY",
  integrationUri: write.invokeArn,
  payloadFormatVersion: "2.0",
});
new aws.apigatewayv2.Route("write", {
  apiId: api.id,
  routeKey: "POST /notes",
  target: pulumi.interpolate`integrations/${integration.id}`,
});
new aws.apigatewayv2.Stage("default", { apiId: api.id, name: "$default", autoDeploy: true });
new aws.lambda.Permission("write", {
  action: "lambda:InvokeFunction",
  function: write.name,
  principal: "apigateway.amazonaws.com",
  sourceArn: pulumi.interpolate`${api.executionArn}/*`,
});

export const url = pulumi.interpolate`${api.apiEndpoint}/notes`;
export const tableName = table.name;
