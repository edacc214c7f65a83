import { parseArgs } from 'node:util'

export interface ShopArguments {
  /** How many orders to place and check; undefined: run until Ctrl-C. */
  readonly orders: number | undefined
  /** Kill every Millrace process in turn while the orders come in. */
  readonly kill: boolean
  /** Run on Apache Kafka (Java and Maven needed) instead of the embedded broker. */
  readonly kafka: boolean
  readonly seed: number
  /** Show what every process prints. */
  readonly verbose: boolean
}

const help = `npm start [-- options]

  --orders N   place N orders, wait until everything has drained, check the sums and exit
  --kill       kill every Millrace process in turn with SIGKILL while the orders come in
  --kafka      run on Apache Kafka 4.3 instead of the embedded broker (needs Java 17 and Maven)
  --verbose    show what every process prints
  --seed N     seed of the load generator (default 1)
  --help       this text

Without --orders the shop runs until Ctrl-C.`

/** Exits with the help text, or with status 2 for arguments that cannot be used. */
export function shopArguments(argv: readonly string[]): ShopArguments {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        orders: { type: 'string' },
        kill: { type: 'boolean', default: false },
        kafka: { type: 'boolean', default: false },
        verbose: { type: 'boolean', default: false },
        seed: { type: 'string', default: '1' },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      console.log(help)
      process.exit(0)
    }
    const orders = values.orders === undefined ? undefined : wholeNumber('--orders', values.orders, 1)
    if (values.kill && orders === undefined) throw new Error('--kill needs --orders')
    const { kill, kafka, verbose } = values
    return { orders, kill, kafka, verbose, seed: wholeNumber('--seed', values.seed, 0) }
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${help}`)
    process.exit(2)
  }
}

function wholeNumber(name: string, text: string, min: number): number {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < min) throw new Error(`${name} is a whole number from ${min}`)
  return number
}
