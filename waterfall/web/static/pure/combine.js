// Lambda sends two segments for each invocation, so X-Ray's map has two services for each function. Here
// they become one: what the Lambda service saw of it, and the calls that the function made.

const [SERVICE, FUNCTION] = ["AWS::Lambda", "AWS::Lambda::Function"];

export function combined(services) {
  const byId = new Map(services.map((service) => [service.id, service]));
  const into = new Map();
  for (const service of services.filter((one) => one.type === SERVICE))
    for (const edge of service.edges) {
      const target = byId.get(edge.target);
      if (target?.type === FUNCTION && target.name === service.name && !into.has(target.id))
        into.set(target.id, service.id);
    }
  return services
    .filter((service) => !into.has(service.id))
    .map((service) => {
      const functions = [...into].filter(([, id]) => id === service.id).map(([id]) => byId.get(id));
      const edges = [
        ...service.edges.filter((edge) => into.get(edge.target) !== service.id),
        ...functions.flatMap((one) => one.edges),
      ];
      return {
        ...service,
        edges: edges.map((edge) => ({ ...edge, target: into.get(edge.target) ?? edge.target })),
      };
    });
}
