import { apis, ErrorCode, type IncrementalAlterConfigsRequest } from '@millrace/protocol'
import type { BrokerCore } from '../broker-core.ts'
import { brokerConfigDefinition } from '../config/broker-config-definitions.ts'
import { configDenial } from '../config/config-rights.ts'
import { listElements } from '../config/definition.ts'
import { applyConfig, type ConfigResource, currentConfig, findResource } from '../config/resources.ts'
import { topicConfigDefinition } from '../config/topic-config-definitions.ts'
import { handler } from '../request.ts'
import { AclOperation } from '../security/authorization.ts'
import { type Refusal, refusal } from '../topics/check-topic.ts'

type Alteration = IncrementalAlterConfigsRequest['resources'][number]['configs'][number]

const operation = { set: 0, delete: 1, append: 2, subtract: 3 } as const

/** IncrementalAlterConfigs (44), v0 and v1: set, delete, and for lists append and subtract (KIP-339). */
export const incrementalAlterConfigs = handler({
  api: apis.IncrementalAlterConfigs,
  versions: [0, 1],
  kips: [226, 339, 412, 482],
  handle(request, context) {
    const { core } = context
    const responses = request.resources.map(({ resourceType, resourceName, configs }) => {
      const denied = configDenial(context, AclOperation.ALTER_CONFIGS, resourceType, resourceName)
      const resource = denied ?? findResource(core, resourceType, resourceName)
      const problem = 'errorCode' in resource ? resource : alter(core, resource, configs, request.validateOnly)
      return { errorCode: ErrorCode.NONE, ...problem, resourceType, resourceName }
    })
    return { responses }
  },
})

function alter(
  core: BrokerCore,
  resource: ConfigResource,
  alterations: readonly Alteration[],
  validateOnly: boolean,
): Refusal | undefined {
  if (new Set(alterations.map((one) => one.name)).size < alterations.length) {
    return refusal(ErrorCode.INVALID_REQUEST, 'Error due to duplicate config keys')
  }
  const values = currentConfig(core, resource)
  for (const one of alterations) {
    const problem = applyAlteration(core, resource, values, one)
    if (problem) return problem
  }
  return applyConfig(core, resource, values, validateOnly)
}

function applyAlteration(
  core: BrokerCore,
  resource: ConfigResource,
  values: Map<string, string>,
  { name, configOperation, value }: Alteration,
): Refusal | undefined {
  if (configOperation === operation.delete) {
    values.delete(name)
    return undefined
  }
  if (value === null) return refusal(ErrorCode.INVALID_REQUEST, `Null value not supported for ${name}`)
  if (configOperation === operation.set) {
    values.set(name, value)
    return undefined
  }
  if (configOperation !== operation.append && configOperation !== operation.subtract) {
    return refusal(ErrorCode.INVALID_REQUEST, `Unknown config operation ${configOperation} for ${name}`)
  }
  const definition = resource.kind === 'topic' ? topicConfigDefinition(name) : brokerConfigDefinition(name)
  if (!definition) return refusal(ErrorCode.INVALID_CONFIG, `Unknown config name: ${name}`)
  if (definition.type !== 'list') {
    return refusal(ErrorCode.INVALID_CONFIG, `Config value append is not allowed for config key: ${name}`)
  }
  const effective = resource.kind === 'topic' ? resource.topic.config.string(name) : core.config.string(name)
  const before = listElements(values.get(name) ?? effective)
  const given = listElements(value)
  const after =
    configOperation === operation.append
      ? [...new Set([...before, ...given])]
      : before.filter((element) => !given.includes(element))
  values.set(name, after.join(','))
  return undefined
}
