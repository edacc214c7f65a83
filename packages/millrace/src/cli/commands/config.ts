import { type LoadedConfig, loadConfig } from '../../config/load-config.ts'
import { maskSecrets, type SettingName, settingTable } from '../../config/settings.ts'
import { printJson, printTable } from '../output.ts'

/** `millrace config --show`: every value with its origin, secrets masked. */
export async function configCommand(
  path: string | undefined,
  flags: Record<string, string | boolean | undefined>,
): Promise<void> {
  const loaded = await loadConfig({ path, flags, dotenv: true })
  const rows = describeConfig(loaded)
  if (flags.json) printJson(rows)
  else
    printTable(
      ['setting', 'value', 'origin'],
      rows.map(({ setting, value, origin }) => [setting, value, origin]),
    )
}

function describeConfig({
  path,
  config,
  settings,
}: LoadedConfig): { setting: string; value: string; origin: string }[] {
  const rows = (Object.keys(settingTable) as SettingName[]).map((name) => ({
    setting: name,
    value: maskSecrets(name, settings[name].value ?? ''),
    origin: settings[name].origin as string,
  }))
  const parts = [
    ...(config.sources ?? []).map((source) => ['source', source.name] as const),
    ...(config.apps ?? []).map((reference) => ['app', reference.path] as const),
    ...(config.sinks ?? []).map((sink) => ['sink', sink.name] as const),
  ]
  return [
    { setting: 'configuration', value: path, origin: 'file' },
    ...rows,
    {
      setting: 'memoryBudgetBytes',
      value: String(config.memoryBudgetBytes ?? 268_435_456),
      origin: config.memoryBudgetBytes === undefined ? 'default' : 'config',
    },
    ...parts.map(([setting, value]) => ({ setting, value, origin: 'config' })),
  ]
}
