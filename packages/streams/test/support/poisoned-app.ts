import { existsSync, writeFileSync } from 'node:fs'
import { type Topology, topology } from '@millrace/streams'
import { order, spend } from './spend-app.ts'

/** Passes orders on, but order 7 fails: once, where a file can remember it, else always. */
export default function poisonedApp(args?: unknown): Topology {
  const { file } = args as { readonly file: string | null }
  const app = topology('poisoned')
  app
    .stream(order)
    .mapValues((o) => {
      if (o.cents !== 7 || (file !== null && existsSync(file))) return o.cents
      if (file !== null) writeFileSync(file, '')
      throw new Error('poison')
    })
    .to(spend)
  return app
}
