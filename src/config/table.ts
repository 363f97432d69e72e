import { markdownTable } from '../protocol/answers/markdown-table.ts'
import { CONFIG_KEYS, type ConfigKey } from './keys.ts'

const AFTER = `Relative paths resolve against the file they stand in; those of the environment and of flags against the working folder.
Durations are whole numbers of \`ms\`, \`s\`, \`m\`, \`h\` or \`d\`; sizes are bytes, or \`KiB\`, \`MiB\`, \`GiB\`, \`TiB\`. Lists are
comma-separated in the environment, and an empty variable counts as not set. Credentials may come from a file:
\`PORTCULLIS_UPSTREAM_AUTH_FILE\` names one that holds the mapping. Flags: \`serve --listen --policy --data --offline\`. An unknown
\`PORTCULLIS_…\` variable is an error like an unknown key (what Kubernetes sets for a service named portcullis apart);
besides the table there are \`PORTCULLIS_CONFIG\` and \`PORTCULLIS_DEBUG\` (\`1\`: commands print the stack of an error). Upstreams are reached through \`HTTPS_PROXY\` and \`NO_PROXY\`; \`NO_COLOR\` holds.
\`portcullis config show --origin\` prints what is in force and where it comes from; editors complete with
[portcullis.schema.json](../../portcullis.schema.json), and [portcullis.example.yaml](../../portcullis.example.yaml) is a file to start from.`

/** The table of every setting in `docs/reference/configuration.md`. */
export function configurationTable(): string {
  const rows = CONFIG_KEYS.map(key => [`\`${key.key}\``, `\`${key.environment}\``, usualOf(key), key.description])
  return `${markdownTable(['key', 'environment', 'default', 'what it does'], rows)}\n\n${AFTER}`
}

function usualOf({ usual, otherwise }: ConfigKey): string {
  if (otherwise !== undefined) return otherwise
  if (usual === undefined) return 'none'
  const [only, ...more] = Array.isArray(usual) ? (usual as readonly unknown[]) : [usual]
  const plain = Array.isArray(usual) && (only === undefined || more.length > 0)
  return `\`${typeof only === 'string' && !plain ? only : JSON.stringify(usual)}\``
}
