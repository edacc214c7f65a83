import type { Clock } from '@millrace/base'

/** Of the least to the most, as in Log4j, which is what the REST API of Kafka Connect speaks. */
export const logLevels = ['OFF', 'FATAL', 'ERROR', 'WARN', 'INFO', 'DEBUG', 'TRACE'] as const
export type LogLevel = (typeof logLevels)[number]

export function isLogLevel(text: string): text is LogLevel {
  return (logLevels as readonly string[]).includes(text)
}

export interface LoggerLevel {
  readonly level: LogLevel
  /** Epoch milliseconds; null where it was never changed. */
  readonly last_modified: number | null
}

/** Prefix of the loggers of connectors. */
export const connectorLogger = (name: string): string => `millrace.connect.${name}`

/**
 * What a worker prints: `root`, `millrace.connect`, and one logger per connector below it. A logger without a level of its own
 * has that of the nearest one above.
 */
export class LoggerLevels {
  readonly #levels = new Map<string, LoggerLevel>([['root', { level: 'INFO', last_modified: null }]])
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Those that have a level of their own, and the given ones. */
  all(names: readonly string[]): Record<string, LoggerLevel> {
    const known = [...new Set([...this.#levels.keys(), ...names])].sort()
    return Object.fromEntries(known.map((name) => [name, this.get(name)]))
  }

  get(name: string): LoggerLevel {
    for (let at = name; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
      const level = this.#levels.get(at)
      if (level) return level
    }
    return this.#levels.get('root')!
  }

  /** Sets it for the logger and all below it, and returns their names. */
  set(name: string, level: LogLevel, names: readonly string[]): string[] {
    const affected = [...new Set([...this.#levels.keys(), ...names, name])].filter(
      (other) => other === name || other.startsWith(`${name}.`) || name === 'root',
    )
    const entry = { level, last_modified: this.#clock.now() }
    for (const other of affected) this.#levels.set(other, entry)
    return affected.sort()
  }

  isEnabled(name: string, level: LogLevel): boolean {
    return logLevels.indexOf(level) <= logLevels.indexOf(this.get(name).level)
  }
}
