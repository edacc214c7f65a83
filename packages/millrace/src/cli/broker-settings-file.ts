import { errorFactory } from '@millrace/base'
import { brokerErrors } from '@millrace/broker'
import { counted } from './output.ts'
import { propertyLines } from './properties.ts'

const brokerError = errorFactory(brokerErrors)

/**
 * The settings of a file in the form of Kafka's `server.properties`.
 *
 * @throws BROKER_CONFIG_INVALID, with file, line and problem of each setting that the broker would refuse
 */
export async function brokerSettings(path: string, text: string): Promise<Record<string, string>> {
  const { settingProblem } = await import('@millrace/broker/internal')
  const lines = propertyLines(text)
  const problems = lines.flatMap(({ line, name, value }) => {
    const problem = settingProblem(name, value)
    return problem === undefined ? [] : [`${path}:${line} ${problem}`]
  })
  if (problems.length > 0) {
    const message = `${path} has ${counted(problems.length, 'setting')} that this broker cannot use`
    throw brokerError('BROKER_CONFIG_INVALID', message, { path }, new Error(problems.join('\n')))
  }
  return Object.fromEntries(lines.map(({ name, value }) => [name, value]))
}
