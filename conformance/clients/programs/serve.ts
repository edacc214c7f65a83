import { createInterface } from 'node:readline'
import type { OperationName, Operations, Settings } from './operations.ts'

/** What a program in TypeScript implements; what its client cannot do is absent. */
export type Served = {
  [Name in OperationName]?: (args: Operations[Name][0]) => Promise<Operations[Name][1] | undefined>
}

/** The bootstrap address and the settings of the command line. */
export function started(): { bootstrap: string; settings: Settings } {
  const [bootstrap = '', text = '{}'] = process.argv.slice(2)
  return { bootstrap, settings: JSON.parse(text) as Settings }
}

/** Answers operations from standard input, one after the other, until it ends. */
export async function serve(served: Served, nameOf: (error: unknown) => string): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, op, args } = JSON.parse(line) as { id: number; op: OperationName; args: never }
    const operation = served[op] as ((args: never) => Promise<unknown>) | undefined
    try {
      if (operation === undefined) throw new Error(`${op} is not here`)
      answer({ id, result: (await operation(args)) ?? { error: 'NONE' } })
    } catch (error) {
      answer({ id, error: nameOf(error), message: String(error instanceof Error ? error.message : error) })
    }
  }
  process.exit(0)
}

function answer(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

/** Keeps what members of groups saw, for clients that push. */
export class MemberState {
  owned: string[] = []
  readonly values: string[] = []
  error = 'NONE'

  state(): Operations['member'][1] {
    return { owned: [...this.owned].sort(), values: [...this.values], error: this.error }
  }
}
