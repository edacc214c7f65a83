import { settingTable } from '../../packages/millrace/src/config/settings.ts'

/** `docs/reference/configuration.md`: what can be set from outside, from the table that the command line reads. */
export function settingsPage(): string {
  const rows = Object.entries(settingTable).map(
    ([name, { flag, environment, default: fallback, help }]) =>
      `| \`${name}\` | ${flag === undefined ? '' : `\`--${flag}\``} | \`${environment}\` | ${fallback === undefined ? '' : `\`${fallback}\``} | ${help} |`,
  )
  return `# Configuration

A configuration is a module that exports \`defineConfig({ … })\` by default, \`millrace.config.ts\` unless a command names another.
Its options are the fields of \`MillraceConfig\`: \`brokers\`, \`kafka: { tls, ca, cert, certKey, login, passwordFile, mechanism, tokenFile }\`, \`dataDir\`, \`gateway: { host, port, advertised }\`, \`memoryBudgetBytes\`,
\`sources\`, \`apps\`, \`sinks\`. An unknown option is an error.

What differs between machines can be set from outside. Flags win over the environment, that over \`.env\`, that over the
configuration, that over the default. \`millrace dev\`, \`config\` and \`doctor\` read the \`.env\` beside the configuration, \`migrate\` the one in
the current folder; \`millrace run\` reads none: in production the environment says everything. \`millrace config --show\` prints every
value with its origin, secrets masked. This page is generated from the code by \`npm run generate\`.

| Setting | Flag | Environment | Default | |
|---|---|---|---|---|
${rows.join('\n')}
`
}
