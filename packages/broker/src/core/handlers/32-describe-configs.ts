import { apis, ErrorCode } from '@millrace/protocol'
import { configDenial } from '../config/config-rights.ts'
import { findResource } from '../config/resources.ts'
import { onlyOnce } from '../only-once.ts'
import { refusal } from '../refusal.ts'
import { handler } from '../request.ts'
import { AclOperation } from '../security/authorization.ts'

/** What one request describes at most: a resource of three bytes has settings of thousands, and any name may be a group's. */
const maxResources = 20_000
const tooMany = refusal(
  ErrorCode.POLICY_VIOLATION,
  `One request describes at most ${maxResources} resources: ask for the others in another.`,
)

/** DescribeConfigs (32), v1 to v4: topics, the broker, groups, client metrics and loggers, with synonyms and documentation. */
export const describeConfigs = handler({
  api: apis.DescribeConfigs,
  versions: [1, 4],
  kips: [133, 226, 412, 482, 569, 714, 848],
  leftOut: 'Settings of parts that are not here, and log levels of single classes: there is one logger, root.',
  handle(request, context) {
    const asked = onlyOnce(request.resources, ({ resourceType, resourceName }) => `${resourceType} ${resourceName}`)
    const results = asked.map(({ resourceType, resourceName, configurationKeys }, index) => {
      if (index >= maxResources) return { ...tooMany, resourceType, resourceName, configs: [] }
      const denied = configDenial(context, AclOperation.DESCRIBE_CONFIGS, resourceType, resourceName)
      const resource = denied ?? findResource(context.core, resourceType, resourceName)
      if ('errorCode' in resource) return { ...resource, resourceType, resourceName, configs: [] }
      const configs = resource.describe({
        names: configurationKeys?.length ? new Set(configurationKeys) : null,
        synonyms: request.includeSynonyms,
        documentation: request.includeDocumentation,
      })
      return { errorCode: ErrorCode.NONE, errorMessage: '', resourceType, resourceName, configs }
    })
    return { results }
  },
})
