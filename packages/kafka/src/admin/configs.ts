import { apis } from '@millrace/protocol'
import type { Cluster, Destination } from '../client/cluster.ts'
import { brokerError } from '../errors.ts'
import type { ConfigAlteration, ConfigEntry, ConfigResource } from './types.ts'

/** Where a setting's value comes from; 5 is Kafka's built-in default. */
const defaultSource = 5
const operation = { set: 0, delete: 1 } as const

export async function describeConfigs(
  cluster: Cluster,
  resource: ConfigResource,
  names?: readonly string[],
): Promise<ConfigEntry[]> {
  const body = { resources: [{ ...wireResource(resource), configurationKeys: names ?? null }] }
  const response = await cluster.requestRetrying(
    apis.DescribeConfigs,
    body,
    { to: destination(resource) },
    ({ results }) => {
      check(results[0], resource)
    },
  )
  const { configs = [] } = response.results[0] ?? {}
  return configs.map(({ name, value, readOnly, configSource, isSensitive }) => ({
    name,
    value,
    isDefault: configSource === defaultSource,
    isReadOnly: readOnly,
    isSensitive,
  }))
}

export async function alterConfigs(cluster: Cluster, alterations: readonly ConfigAlteration[]): Promise<void> {
  for (const { resource, set = {}, delete: names = [] } of alterations) {
    const configs = [
      ...Object.entries(set).map(([name, value]) => ({ name, configOperation: operation.set, value })),
      ...names.map((name) => ({ name, configOperation: operation.delete, value: null })),
    ]
    const body = { resources: [{ ...wireResource(resource), configs }] }
    await cluster.requestRetrying(
      apis.IncrementalAlterConfigs,
      body,
      { to: destination(resource) },
      ({ responses }) => {
        check(responses[0], resource)
      },
    )
  }
}

/** A broker's own settings are known to that broker only. */
function destination(resource: ConfigResource): Destination {
  return 'broker' in resource ? { node: resource.broker } : 'any'
}

function wireResource(resource: ConfigResource): { resourceType: number; resourceName: string } {
  if ('topic' in resource) return { resourceType: 2, resourceName: resource.topic }
  if ('broker' in resource) return { resourceType: 4, resourceName: String(resource.broker) }
  return { resourceType: 32, resourceName: resource.group }
}

function check(result: { errorCode: number; errorMessage: string | null } | undefined, resource: ConfigResource): void {
  if (result === undefined || result.errorCode === 0) return
  const { resourceName } = wireResource(resource)
  throw brokerError(
    result.errorCode,
    `configuration of ${resourceName}`,
    { resource: resourceName },
    result.errorMessage,
  )
}
