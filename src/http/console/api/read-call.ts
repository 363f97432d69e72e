import type { z } from 'zod'
import { GateError } from '../../../domain/base/errors.ts'
import { objectionTo } from '../../../protocol/api/objection.ts'
import type { Operation, Said } from '../../../protocol/api/operation.ts'
import { JsonError, parseJsonStrict } from '../../../protocol/text/json.ts'
import { FORM_BYTES, mediaTypeOf } from '../../door/body.ts'
import type { Visit } from '../visit.ts'

/** What a call says, once all of it is what the operation takes. Throws `bad-call`, `unsupported-type`, `body-too-large`, `invalid-body`. */
export async function readCall<Of extends Operation>(told: Of, visit: Visit): Promise<Said<Of>> {
  const params = checked(told.params, visit.segments, 'bad-call')
  const query = checked(told.query, readQuery(visit.query, told.query), 'bad-call')
  const body =
    told.body === undefined ? undefined : checked(told.body, await readJson(visit, told.most), 'invalid-body')
  return { params, query, body } as Said<Of>
}

/** Each parameter once; digits are a number where one is wanted. */
function readQuery(query: URLSearchParams, fields: z.ZodObject): Readonly<Record<string, unknown>> {
  const read: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  for (const [name, text] of query) {
    if (Object.hasOwn(read, name)) throw new GateError('bad-call', `${name} comes twice`)
    const isNumber = name === 'limit' && Object.hasOwn(fields.shape, name) && /^[0-9]{1,9}$/.test(text)
    read[name] = isNumber ? Number(text) : text
  }
  return { ...read }
}

/** No call has more to say; so many are read in a moment. */
const MOST_VALUES = 10_000

async function readJson(visit: Visit, most = FORM_BYTES): Promise<unknown> {
  if (mediaTypeOf(visit.exchange) !== 'application/json')
    throw new GateError('unsupported-type', 'a body of the API is application/json')
  try {
    return parseJsonStrict(await visit.body(most), { bytes: most, depth: 20, values: MOST_VALUES })
  } catch (error) {
    if (error instanceof JsonError) throw new GateError('bad-call', `the body is no JSON: ${error.message}`)
    throw error
  }
}

/** Everything that is wrong is named, by its place; what stood there is not repeated. */
function checked(schema: z.ZodType, value: unknown, code: 'bad-call' | 'invalid-body'): unknown {
  const { error, data } = schema.safeParse(value)
  if (error === undefined) return data
  throw new GateError(code, objectionTo(error, value))
}
