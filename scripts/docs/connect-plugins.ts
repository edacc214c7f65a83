import type { ConfigKey } from '../../packages/connect/src/config/config-key.ts'
import { builtInPlugins } from '../../packages/connect/src/plugins.ts'
import { goldenGroups } from '../../packages/connect/test/golden/fixtures.ts'

interface Plugin {
  readonly classNames: readonly [string, ...string[]]
  readonly configDef: { readonly keys: Readonly<Record<string, ConfigKey>> }
}

/** `docs/reference/connect-plugins.md`: what configs of Kafka Connect may name, from the plugins themselves. */
export function connectPluginsPage(): string {
  const { connectors, converters, headerConverters, transforms, predicates } = builtInPlugins
  const onlyHeaders = headerConverters.filter(({ classNames }) => {
    return !converters.some((converter) => converter.classNames[0] === classNames[0])
  })
  return `# Plugins of Kafka Connect's configs

What \`connector.class\`, \`key.converter\`, \`transforms.<alias>.type\` and \`predicates.<alias>.type\` may name, and what each may be
told. Classes go by their full name or by its last part. A name that is not listed is an error, never ignored. This page is
generated from the code by \`npm run generate\`; every converter, transform and predicate of Kafka Connect 4.3, and every transform of
Debezium 3.6 but the scripted ones, is compared with the original case by case (\`packages/connect/test/golden\`).

## Connectors

${sections(connectors)}

## Converters

Header converters too. ${onlyHeaders.map(({ classNames }) => `\`${classNames[0]}\``).join(', ')} is one for headers alone, and the one of
connectors that name none.

${sections(converters)}

## Transforms

${sections(transforms)}

## Predicates

${sections(predicates)}

## Where they differ from the originals

| Case | The original | Here |
|---|---|---|
${differences()}
`
}

function sections(plugins: readonly Plugin[]): string {
  return grouped(plugins).join('\n\n')
}

/** Variants for keys and values, and others that are told the same, stand together. */
function grouped(plugins: readonly Plugin[]): string[] {
  const byTable = new Map<string, string[]>()
  for (const { classNames, configDef } of plugins) {
    const table = tableOf(configDef.keys)
    byTable.set(table, [...(byTable.get(table) ?? []), classNames[0]])
  }
  return Array.from(byTable, ([table, names]) => `${names.map((name) => `\`${name}\``).join(', ')}\n\n${table}`)
}

function tableOf(keys: Readonly<Record<string, ConfigKey>>): string {
  const rows = Object.entries(keys)
    .filter(([, { internal }]) => !internal)
    .map(([name, key]) => `| \`${name}\` | ${fallback(key)} | ${cell(effect(key))} |`)
  return rows.length === 0 ? 'Takes no settings.' : `| Setting | Default | |\n|---|---|---|\n${rows.join('\n')}`
}

function fallback({ default: value, notSupported }: ConfigKey): string {
  if (notSupported !== undefined || value === null) return ''
  if (value === undefined) return 'required'
  const text = Array.isArray(value) ? value.join(', ') : String(value)
  return text === '' ? '' : `\`${cell(text)}\``
}

function effect({ doc, oneOf, notSupported }: ConfigKey): string {
  if (notSupported !== undefined) return `Not supported: ${notSupported}`
  return oneOf === undefined ? doc : `${doc} One of ${oneOf.map((value) => `\`${value}\``).join(', ')}.`
}

function differences(): string {
  const rows = goldenGroups.flatMap(({ cases }) =>
    cases.flatMap(({ name, class: className, differs }) => {
      if (!differs) return []
      const short = className.slice(className.lastIndexOf('.') + 1)
      const ours = differs.ours === 'failed' ? 'refused' : 'works'
      return [
        `| \`${short}\`: ${cell(name.replace(/^refused by ours, /, '').replace(/: (read|written)$/, ''))} | ${cell(differs.why)} | ${ours} |`,
      ]
    }),
  )
  return [...new Set(rows)].join('\n')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
