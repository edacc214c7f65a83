// The interface of better-sqlite3 over node:sqlite. That package is a program to be compiled or loaded from elsewhere; the tools that
// are built on it run as they are, on a real database.
import { registerHooks } from 'node:module'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'

class Statement {
  readonly #statement: StatementSync
  readonly reader: boolean

  constructor(statement: StatementSync) {
    this.#statement = statement
    this.reader = statement.columns().length > 0
  }

  all(...values: unknown[]): unknown[] {
    this.#reads()
    return this.#statement.all(...flat(values))
  }

  get(...values: unknown[]): unknown {
    this.#reads()
    return this.#statement.get(...flat(values))
  }

  iterate(...values: unknown[]): Iterable<unknown> {
    return this.#statement.iterate(...flat(values))
  }

  run(...values: unknown[]): { changes: number; lastInsertRowid: number } {
    if (this.reader) throw new TypeError('This statement returns data. Use get(), all(), or iterate() instead')
    const { changes, lastInsertRowid } = this.#statement.run(...flat(values))
    return { changes: Number(changes), lastInsertRowid: Number(lastInsertRowid) }
  }

  #reads(): void {
    if (!this.reader) throw new TypeError('This statement does not return data. Use run() instead')
  }

  raw(isRaw = true): this {
    this.#statement.setReturnArrays(isRaw)
    return this
  }
}

function flat(values: readonly unknown[]): SQLInputValue[] {
  return values.flat() as SQLInputValue[]
}

type Transaction = (...given: unknown[]) => unknown

export class BetterSqlite3 {
  readonly #db: DatabaseSync

  constructor(path: string) {
    this.#db = new DatabaseSync(path)
    this.#db.exec('pragma busy_timeout = 5000')
  }

  get inTransaction(): boolean {
    return this.#db.isTransaction
  }

  prepare(text: string): Statement {
    return new Statement(this.#db.prepare(text))
  }

  exec(text: string): this {
    this.#db.exec(text)
    return this
  }

  pragma(text: string): unknown[] {
    return this.#db.prepare(`pragma ${text}`).all()
  }

  close(): void {
    this.#db.close()
  }

  /** As there, a function that returns a promise is refused: its transaction would end before it. */
  transaction(work: Transaction): Transaction & Record<'deferred' | 'immediate' | 'exclusive', Transaction> {
    const as =
      (behaviour: string): Transaction =>
      (...given) => {
        this.#db.exec(`begin ${behaviour}`)
        try {
          const result = work(...given)
          if (result instanceof Promise) throw new TypeError('Transaction function cannot return a promise')
          this.#db.exec('commit')
          return result
        } catch (error) {
          this.#db.exec('rollback')
          throw error
        }
      }
    return Object.assign(as('deferred'), {
      deferred: as('deferred'),
      immediate: as('immediate'),
      exclusive: as('exclusive'),
    })
  }
}

/** What `require` and `import` of the package give. */
export { BetterSqlite3 as default, BetterSqlite3 as 'module.exports' }

/** From here on, whoever asks for better-sqlite3 gets this. */
export function standInForBetterSqlite3(): void {
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'better-sqlite3' ? { url: import.meta.url, shortCircuit: true } : next(specifier, context),
  })
}
