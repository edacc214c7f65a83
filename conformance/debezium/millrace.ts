import { kafkaClient } from '@millrace/kafka'
import { builtInPlugins } from '../../packages/connect/src/plugins.ts'
import { buildConnector } from '../../packages/connect/src/runtime/worker/build-connector.ts'
import { PluginRegistry } from '../../packages/connect/src/runtime/worker/plugin-registry.ts'
import type { Contestant } from './scenario.ts'

/** Our connector, made of the same properties. */
export function millrace(): Contestant {
  let failure = ''
  return {
    name: 'millrace',
    problem: () => failure,
    async start(brokers, connectors) {
      const client = kafkaClient({ brokers })
      const registry = new PluginRegistry(builtInPlugins)
      const home = { client, registry, groupId: 'conformance', offsetsTopic: 'offsets', defaults: {} }
      const run = () =>
        Promise.all(
          connectors.map(async (properties) => {
            const one = (await buildConnector(properties, home)).run()
            one.finished.catch((error: unknown) => {
              failure += `${properties.name}: ${error instanceof Error ? error.stack : error}\n`
            })
            one.ready.catch(() => {})
            return one
          }),
        )
      let running = await run()
      const stop = async (): Promise<void> => {
        await Promise.all(running.map((one) => one.close()))
      }
      return {
        stop,
        async resume() {
          running = await run()
        },
        async [Symbol.asyncDispose]() {
          await stop()
          await client.close()
        },
      }
    },
  }
}
