import { apis, ErrorCode } from '@millrace/protocol'
import { configDenial } from '../config/config-rights.ts'
import { describeBrokerConfig, describeTopicConfig } from '../config/describe.ts'
import { findResource } from '../config/resources.ts'
import { handler } from '../request.ts'
import { AclOperation } from '../security/authorization.ts'

/**
 * DescribeConfigs (32), v1 to v4: topics and the broker, with synonyms and documentation.
 * Not here: groups, client metrics, loggers.
 */
export const describeConfigs = handler({
  api: apis.DescribeConfigs,
  versions: [1, 4],
  kips: [133, 226, 482, 569],
  handle(request, context) {
    const { core } = context
    const results = request.resources.map(({ resourceType, resourceName, configurationKeys }) => {
      const denied = configDenial(context, AclOperation.DESCRIBE_CONFIGS, resourceType, resourceName)
      const resource = denied ?? findResource(core, resourceType, resourceName)
      if ('errorCode' in resource) return { ...resource, resourceType, resourceName, configs: [] }
      const wanted = {
        names: configurationKeys?.length ? configurationKeys : null,
        synonyms: request.includeSynonyms,
        documentation: request.includeDocumentation,
      }
      const configs =
        resource.kind === 'topic'
          ? describeTopicConfig(resource.topic.config, core.config, wanted)
          : describeBrokerConfig(core.config, wanted)
      return { errorCode: ErrorCode.NONE, resourceType, resourceName, configs }
    })
    return { results }
  },
})
