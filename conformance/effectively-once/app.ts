import { serdes } from '@millrace/contracts'
import { keyValueStore, type ProcessorContext, type ProcessorRecord, topology } from '@millrace/streams'
import { type Movement, movement, type Step, step } from './contracts.ts'

interface Account {
  readonly count: number
  readonly sum: number
}

/** Adds up each account, and says after every movement what it has come to. */
export default () => {
  const app = topology('effectively-once')
  const accounts = keyValueStore<string, Account>({ name: 'accounts' })
  app
    .stream(movement)
    .process(
      {
        stores: [accounts],
        create: (context: ProcessorContext<string, Step>) => {
          const store = context.store(accounts)
          return {
            process({ key, value }: ProcessorRecord<string, Movement>) {
              const before = store.get(key) ?? { count: 0, sum: 0 }
              const after = { count: before.count + 1, sum: before.sum + value.amount }
              store.put(key, after)
              context.forward({ key, value: { ...value, ...after } })
            },
          }
        },
      },
      { name: 'add-up', key: serdes.string, value: serdes.json<Step>() },
    )
    .to(step)
  return app
}
