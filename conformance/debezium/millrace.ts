import { kafkaClient } from '@millrace/kafka'
import { converterPlugins, headerConverterPlugins } from '../../packages/connect/src/converters/converters.ts'
import { buildConnector } from '../../packages/connect/src/runtime/worker/build-connector.ts'
import { PluginRegistry } from '../../packages/connect/src/runtime/worker/plugin-registry.ts'
import { postgresConnectorPlugin } from '../../packages/connect/src/sources/postgres/debezium/plugin.ts'
import type { Contestant } from './scenario.ts'

/** Our connector, made of the same properties. */
export function millrace(): Contestant {
  let failure = ''
  return {
    name: 'millrace',
    problem: () => failure,
    async start(brokers, connectors) {
      const client = kafkaClient({ brokers })
      const registry = new PluginRegistry({
        connectors: [postgresConnectorPlugin],
        converters: converterPlugins,
        headerConverters: headerConverterPlugins,
        transforms: [],
        predicates: [],
      })
      const home = { client, registry, groupId: 'conformance', offsetsTopic: 'offsets', defaults: {} }
      const running = await Promise.all(
        connectors.map(async (properties) => {
          const built = await buildConnector(properties, home)
          const one = built.run()
          one.finished.catch((error: unknown) => {
            failure += `${properties.name}: ${error instanceof Error ? error.stack : error}\n`
          })
          one.ready.catch(() => {})
          return one
        }),
      )
      return {
        async [Symbol.asyncDispose]() {
          await Promise.all(running.map((one) => one.close()))
          await client.close()
        },
      }
    },
  }
}
