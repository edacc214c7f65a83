import { type Command, Option } from 'commander'
import type { SettingDescription } from '../config/settings.ts'

/** Adds a flag for every setting that has one. The environment is looked at where settings are resolved, in one place for all. */
export function withSettingFlags(command: Command, table: Readonly<Record<string, SettingDescription>>): Command {
  for (const { flag, type, help, environment, oneOf } of Object.values(table)) {
    if (flag === undefined) continue
    const option = new Option(type === 'switch' ? `--${flag}` : `--${flag} <value>`, `${help} (${environment})`)
    command.addOption(oneOf === undefined ? option : option.choices(oneOf))
  }
  return command
}
