import { Command, InvalidArgumentError, Option } from 'commander'
import { kafkaSettingTable } from '../config/settings.ts'
import { withSettingFlags } from './setting-flags.ts'

/** A flag's value as a whole number from 1. */
export function count(value: string): number {
  const number = Number(value)
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('a whole number from 1')
  return number
}

/** Where the brokers are, how to log in, and `--json`, everywhere. */
export function daily(name: string, description: string): Command {
  const command = new Command(name)
    .description(description)
    .addOption(new Option('--brokers <list>', 'bootstrap servers').default('127.0.0.1:9092').env('MILLRACE_BROKERS'))
    .option('--json', 'print JSON')
  return withSettingFlags(command, kafkaSettingTable)
}
