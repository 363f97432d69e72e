import type { Command } from 'commander'
import { policyJsonSchema } from '../../protocol/clauses/schema.ts'
import { ENVIRONMENT } from '../command/options.ts'
import type { Services } from '../command/services.ts'

const DESCRIPTION = `Prints the JSON Schema of a policy (draft 2020-12). An editor that knows it completes keys and underlines what is wrong.

The schema and the gate's own reading come from the same source. What must hold between parts of a policy (names, ties, dates) only policy check tells.`

const MORE = `
Exit codes:
  0  printed

${ENVIRONMENT}

Examples:
  portcullis policy schema > policy.schema.json
with this as the first line of the policy:
  # yaml-language-server: $schema=./policy.schema.json`

export function addPolicySchema(policy: Command, { output }: Services): void {
  policy
    .command('schema')
    .description(DESCRIPTION)
    .addHelpText('after', MORE)
    .action(() => output.out(`${JSON.stringify(policyJsonSchema(), null, 2)}\n`))
}
