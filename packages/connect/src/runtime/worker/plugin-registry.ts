import { nearest } from '@millrace/base/internal'
import type { ConverterPlugin, HeaderConverterPlugin } from '../../converters/converter.ts'
import type { PredicatePlugin, TransformPlugin } from '../../transforms/transform.ts'
import type { ConnectorPlugin } from '../plugin.ts'
import { insteadOf } from './absent-plugins.ts'

/** Everything that a config may name. */
export interface ConnectPlugins {
  readonly connectors: readonly ConnectorPlugin[]
  readonly converters: readonly ConverterPlugin[]
  readonly headerConverters: readonly HeaderConverterPlugin[]
  readonly transforms: readonly TransformPlugin[]
  readonly predicates: readonly PredicatePlugin[]
}

interface Named {
  readonly classNames: readonly [string, ...string[]]
}

const suffix = /(Connector|Converter)$/

/** The names of a kind of plugins: their classes, the last part of each, and that without `Connector` or `Converter`. */
export class PluginNames<P extends Named> {
  readonly all: readonly P[]
  readonly #kind: string
  readonly #byName = new Map<string, P>()
  readonly #shared = new Set<string>()

  constructor(kind: string, plugins: readonly P[]) {
    this.#kind = kind
    this.all = plugins
    for (const plugin of plugins) for (const name of plugin.classNames) this.#byName.set(name, plugin)
    const full = new Set(this.#byName.keys())
    for (const [name, plugin] of [...this.#byName]) {
      const short = name.slice(name.lastIndexOf('.') + 1)
      // A class that is named in full goes before another's short name.
      for (const alias of new Set([short, short.replace(suffix, '')])) {
        if (alias === '' || full.has(alias)) continue
        const other = this.#byName.get(alias)
        if (other !== undefined && other !== plugin) this.#shared.add(alias)
        this.#byName.set(alias, plugin)
      }
    }
  }

  /** Undefined also for a short name that several share. */
  find(name: string): P | undefined {
    return this.#shared.has(name) ? undefined : this.#byName.get(name)
  }

  /** What to say of a name that is not known. */
  unknown(name: string): string {
    if (this.#shared.has(name)) {
      const all = this.all.flatMap(({ classNames }) => classNames).filter((className) => isShortFor(className, name))
      return `${name} is the short name of ${all.join(' and ')}; name one of them in full`
    }
    const replacement = insteadOf(name)
    if (replacement !== undefined) return `there is no ${this.#kind} ${name}; ${replacement}`
    const meant = nearest(name, [...this.#byName.keys()])
    const known = this.all.map(({ classNames }) => classNames[0]).join(', ')
    const hint = meant === undefined ? `there are ${known || 'none'}` : `did you mean ${meant}?`
    return `there is no ${this.#kind} ${name} (${hint})`
  }
}

function isShortFor(className: string, name: string): boolean {
  const short = className.slice(className.lastIndexOf('.') + 1)
  return short === name || short.replace(suffix, '') === name
}

/** Plugins by the names that configs use. */
export class PluginRegistry {
  readonly connectors: PluginNames<ConnectorPlugin>
  readonly converters: PluginNames<ConverterPlugin>
  readonly headerConverters: PluginNames<HeaderConverterPlugin>
  readonly transforms: PluginNames<TransformPlugin>
  readonly predicates: PluginNames<PredicatePlugin>

  constructor(plugins: ConnectPlugins) {
    this.connectors = new PluginNames('connector', plugins.connectors)
    this.converters = new PluginNames('converter', plugins.converters)
    this.headerConverters = new PluginNames('header converter', plugins.headerConverters)
    this.transforms = new PluginNames('transform', plugins.transforms)
    this.predicates = new PluginNames('predicate', plugins.predicates)
  }
}
