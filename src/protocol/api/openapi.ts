import { z } from 'zod'
import { API_BASE, failuresOf, type Operation } from './operation.ts'
import { OPERATIONS } from './operations.ts'

type Json = Readonly<Record<string, unknown>>

/** OpenAPI 3.1 of every operation. `version`: of this product. */
export function openApiDocument(version: string): Json {
  const paths: Record<string, Record<string, Json>> = {}
  for (const [id, told] of Object.entries<Operation>(OPERATIONS))
    paths[told.path] = { ...paths[told.path], [told.method.toLowerCase()]: operationObject(id, told) }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Portcullis',
      version,
      description:
        'What the pages of the console show and do. Lists have pages; every failure is a problem document (RFC 9457).',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: API_BASE }],
    security: [{ token: [] }, { session: [] }],
    paths,
    components: {
      schemas: { Problem: schemaOf(PROBLEM, 'output') },
      responses: Object.fromEntries(Object.entries(FAILURES).map(([status, told]) => [`F${status}`, failure(told)])),
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: 'A token of portcullis token create, with the scope that the call names.',
        },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: '__Host-portcullis-session',
          description:
            'The session of somebody who is signed in to the console; what changes something names it in X-CSRF-Token too.',
        },
      },
    },
  }
}

export const PROBLEM = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string().describe('docs/reference/codes.md has them all'),
})

function operationObject(id: string, told: Operation): Json {
  const { summary, more, need, params, query, body, answer, status, type = 'application/json', paged } = told
  return {
    operationId: id,
    summary,
    description: [...(more === undefined ? [] : [more]), `Takes the scope \`${need}\`.`].join(' '),
    parameters: [...parametersOf(params, 'path'), ...parametersOf(query, 'query')],
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body, 'input') } } } }),
    responses: {
      [`${status}`]: {
        description: 'Done.',
        headers:
          paged === true
            ? { Link: { description: 'The next page, as `rel="next"`.', schema: { type: 'string' } } }
            : {},
        // of YAML a schema would be of what is read from it
        content: { [type]: type === 'application/json' ? { schema: schemaOf(answer, 'output') } : {} },
      },
      ...Object.fromEntries(
        failuresOf(told).map(failed => [`${failed}`, { $ref: `#/components/responses/F${failed}` }]),
      ),
    },
  }
}

function parametersOf(fields: z.ZodObject, place: 'path' | 'query'): readonly Json[] {
  return Object.entries(fields.shape).map(([name, field]) => {
    const { description, ...schema } = schemaOf(field as z.ZodType, 'input')
    return {
      name,
      in: place,
      required: place === 'path' || !(field as z.ZodType).safeParse(undefined).success,
      ...(description === undefined ? {} : { description }),
      schema,
    }
  })
}

/** A schema that stands within another document. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io,
    override({ jsonSchema }) {
      // the format says it, and its expression is a page long
      if (jsonSchema.format === 'date-time') delete jsonSchema.pattern
    },
  }) as Record<string, unknown>
  return rest
}

function failure(description: string): Json {
  return {
    description,
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  }
}

const FAILURES: Readonly<Record<number, string>> = {
  400: 'What is said makes no sense: an unknown parameter, a cursor that nobody gave out, a body that is no JSON.',
  401: 'Nobody is signed in, or the token is none that is in force.',
  403: 'Known, and not for this: the scope or the index is another, the form is of another session, or another site asks.',
  404: 'There is no such thing.',
  405: 'The path takes another method, which Allow names.',
  409: 'Somebody has decided meanwhile, or the name is in use.',
  413: 'The body is larger than is taken here.',
  415: 'A body is application/json.',
  421: 'The console is not called so.',
  422: 'The body is JSON, and says what cannot be done.',
  429: 'Too many wrong credentials, or too many open requests; Retry-After says when to come again.',
  500: 'A defect, told to the log under an id.',
  502: 'The upstream sent what cannot be used.',
  503: 'Cannot tell now; Retry-After says when to ask again.',
  504: 'The upstream did not answer in time.',
}
