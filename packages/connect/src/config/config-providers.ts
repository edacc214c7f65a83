import { connectError } from '../errors.ts'
import { type ConfigDef, type ConfigOf, configDef, type Properties } from './config-def.ts'
import { directoryProvider, envProvider, fileProvider, type ProviderPlugin, type SecretProvider } from './providers.ts'

const plugins: readonly ProviderPlugin[] = [fileProvider, envProvider, directoryProvider]
const reference = /\$\{([^}]*?):(?:([^}]*?):)?([^}]*?)\}/g
// Shorter ones are parts of too many words to hide them everywhere.
const maskedLengthMin = 4

/**
 * Fills in what configs refer to instead of saying it: `${file:/etc/secrets.properties:password}`, `${env:PASSWORD}`,
 * `${directory:/run/secrets:password}`. Configs are stored and shown with the references; their values live in memory only.
 * A reference that leads nowhere is an error, where Kafka Connect passes its text on as if it were the value.
 *
 * @example
 * const providers = new ConfigProviders({
 *   'config.providers': 'file',
 *   'config.providers.file.class': 'org.apache.kafka.common.config.provider.FileConfigProvider',
 *   'config.providers.file.param.allowed.paths': '/etc/secrets',
 * })
 * providers.resolve({ 'database.password': '${file:/etc/secrets/db.properties:password}' })
 */
export class ConfigProviders {
  readonly #providers: ReadonlyMap<string, SecretProvider>
  readonly #secrets = new Set<string>()
  /** The longest first: one may begin with another. */
  #forms: readonly string[] = []

  /**
   * @param worker a worker's properties, of which those are read that begin with `config.providers`.
   * @throws CONNECT_CONFIG_INVALID
   */
  constructor(worker: Properties, environment: Readonly<Record<string, string | undefined>> = process.env) {
    const names = listDefinition.parse('config providers', pick(worker, 'config.providers'))['config.providers']
    const given = Object.keys(worker).filter((name) => name.startsWith('config.providers.'))
    const stray = given.find((name) => !names.includes(name.split('.')[2]!))
    if (stray !== undefined) {
      const message = `${stray} belongs to a provider that config.providers does not name`
      throw connectError('CONNECT_CONFIG_INVALID', message, { where: 'config providers' })
    }
    this.#providers = new Map(names.map((name) => [name, makeProvider(name, worker, environment)]))
  }

  /**
   * The properties with the values that they refer to.
   * @throws CONNECT_SECRET_MISSING
   */
  resolve(properties: Properties): Properties {
    const entries = Object.entries(properties).map(([name, text]) => [name, text && this.#filled(name, text)] as const)
    return Object.fromEntries(entries)
  }

  /** A text for people without the values that configs refer to. */
  mask(text: string): string {
    let masked = text
    for (const form of this.#forms) masked = masked.replaceAll(form, '[hidden]')
    return masked
  }

  /** As it is, without the white space around it that parsing takes away, and as addresses have it. */
  #hide(secret: string): void {
    if (this.#secrets.has(secret)) return
    this.#secrets.add(secret)
    const forms = [...this.#secrets].flatMap((each) => [each, each.trim(), encodeURIComponent(each.trim())])
    const hidden = new Set(forms.filter((form) => form.length >= maskedLengthMin))
    this.#forms = [...hidden].sort((a, b) => b.length - a.length)
  }

  #filled(property: string, text: string): string {
    return text.replace(reference, (all, name: string, path: string | undefined, key: string) => {
      const provider = this.#providers.get(name)
      const fail = (problem: string) => {
        const fields = { property, provider: name }
        return connectError('CONNECT_SECRET_MISSING', `${property} refers to ${all}: ${problem}`, fields)
      }
      if (!provider) throw fail(`config.providers does not name ${name}`)
      const found = provider(path ?? '', key)
      if ('problem' in found) throw fail(found.problem)
      this.#hide(found.value)
      return found.value
    })
  }
}

const listDefinition = configDef({
  'config.providers': { type: 'list', default: [], importance: 'low', doc: 'Names of the config providers.' },
})

function makeProvider(
  name: string,
  worker: Properties,
  environment: Readonly<Record<string, string | undefined>>,
): SecretProvider {
  const prefix = `config.providers.${name}.`
  const own = Object.fromEntries(
    Object.entries(worker).flatMap(([property, value]) =>
      property.startsWith(prefix) ? [[property.slice(prefix.length), value]] : [],
    ),
  )
  const className = own.class?.trim()
  const plugin = plugins.find(({ classNames }) => classNames.includes(className ?? ''))
  if (!plugin) {
    const known = plugins.map(({ classNames }) => classNames[0]).join(', ')
    const message = `${prefix}class must be one of ${known}, not ${className ?? 'left out'}`
    throw connectError('CONNECT_CONFIG_INVALID', message, { where: 'config providers' })
  }
  const definition = plugin.configDef.under('param.', name).and(classDefinition) as ConfigDef
  const parsed = definition.parse(`config provider ${name}`, own) as ConfigOf<Record<string, never>>
  return plugin.create((param) => parsed[`param.${param}`], environment)
}

const classDefinition = configDef({ class: { type: 'class', importance: 'high', doc: 'The class of the provider.' } })

function pick(properties: Properties, name: string): Properties {
  return Object.hasOwn(properties, name) ? { [name]: properties[name] } : {}
}
