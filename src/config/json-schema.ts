import { z } from 'zod'
import { configSchema } from './schema.ts'

/** JSON Schema (draft 2020-12) of portcullis.yaml for editors: `# yaml-language-server: $schema=./portcullis.schema.json`. */
export function configJsonSchema(): object {
  return z.toJSONSchema(configSchema('/'), {
    io: 'input',
    override: ({ jsonSchema }) => {
      // a section without its keys is no default that anybody would write
      if (jsonSchema.type === 'object' && JSON.stringify(jsonSchema.default) === '{}') delete jsonSchema.default
    },
  })
}
