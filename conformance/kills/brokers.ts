import { join } from 'node:path'
import { MortalBroker } from '../crash/mortal-broker.ts'
import { startApacheKafka } from '../kafka/apache-kafka.ts'

export interface KillsBroker extends AsyncDisposable {
  readonly brokers: string
  readonly pid: number
  /** Where it may die: kills it, and starts it again on its data. */
  readonly kill?: () => Promise<void>
}

/** Groups that notice a death at once, and transactions of the dead that end soon after their time-out. */
const config = {
  'group.min.session.timeout.ms': '500',
  'group.initial.rebalance.delay.ms': '0',
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '500',
}

export async function embeddedBroker(
  folder: string,
  more: Readonly<Record<string, string>> = {},
): Promise<KillsBroker> {
  const broker = await MortalBroker.start(join(folder, 'broker'), 'write', { ...config, ...more })
  return {
    brokers: broker.brokers,
    get pid() {
      return broker.pid
    },
    kill: () => broker.kill(),
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  }
}

export function apacheKafka(): Promise<KillsBroker> {
  return startApacheKafka({ config })
}
