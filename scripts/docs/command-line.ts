import { buildProgram } from '../../packages/millrace/src/cli/main.ts'

type Command = ReturnType<typeof buildProgram>
type Option = Command['options'][number]

/** `docs/reference/command-line.md`: every command with its arguments and flags, from the program itself. */
export function commandLinePage(): string {
  const sections = buildProgram().commands.flatMap((command) => sectionsOf(command, 'millrace'))
  return `# Command line

\`npx millrace <command>\`. Exit status 0 means that the work was done, 1 that it was not (the error on standard error names code, cause
and remedy), 2 that the command line cannot be used. Results go to standard output, everything else to standard error; \`--json\` prints
one JSON document, or one a line where records come one by one. Colours are for terminals, and \`NO_COLOR\` turns them off. Commands that
would delete something say what and do it only with \`--yes\`. This page is generated from the code by \`npm run generate\`.

${sections.join('\n')}`
}

function sectionsOf(command: Command, parent: string): string[] {
  const name = `${parent} ${command.name()}`
  if (command.commands.length > 0) return command.commands.flatMap((child) => sectionsOf(child, name))
  const usage = command.registeredArguments.map((argument) =>
    argument.required ? `<${argument.name()}>` : `[${argument.name()}]`,
  )
  const rows = command.options.filter((option) => !option.hidden).map(row)
  const table = rows.length > 0 ? `\n| Flag | Default | |\n|---|---|---|\n${rows.join('\n')}\n` : ''
  return [`## ${[name, ...usage].join(' ')}\n\n${sentence(command.description())}\n${table}`]
}

function row({ flags, description, defaultValue, envVar, mandatory, negate }: Option): string {
  const isShown = defaultValue !== undefined && !negate && defaultValue !== false
  const fallback = mandatory ? 'required' : isShown ? `\`${JSON.stringify(defaultValue).replaceAll('"', '')}\`` : ''
  return `| \`${flags}\` | ${fallback} | ${cell(description)}${envVar ? ` (\`${envVar}\`)` : ''} |`
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
}
