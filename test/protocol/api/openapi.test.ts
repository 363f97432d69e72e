// guards: src/protocol/api/shapes.ts src/protocol/api/told-shapes.ts
import { Validator } from '@seriousme/openapi-schema-validator'
import t from 'tap'
import { openApiDocument } from '../../../src/protocol/api/openapi.ts'
import { failuresOf, type Operation } from '../../../src/protocol/api/operation.ts'
import { OPERATIONS } from '../../../src/protocol/api/operations.ts'

type Paths = Record<string, Record<string, { operationId: string; parameters: { name: string }[]; responses: object }>>
const document = openApiDocument('1.2.3') as { readonly openapi: string; readonly paths: Paths }

t.test('the document is OpenAPI 3.1', async t => {
  const validator = new Validator()
  const { valid, errors } = await validator.validate(structuredClone(document))
  t.ok(valid, JSON.stringify(errors, null, 1))
  t.equal(document.openapi, '3.1.0')
  t.equal(validator.version, '3.1')
})

t.test('every operation stands in it once, with its parameters and all that it may answer', async t => {
  const found = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, told]) => ({ path, method, ...told })),
  )
  t.equal(found.length, Object.keys(OPERATIONS).length)
  for (const [id, told] of Object.entries<Operation>(OPERATIONS)) {
    const own = found.find(({ operationId }) => operationId === id)
    t.match(own, { path: told.path, method: told.method.toLowerCase() }, id)
    const names = [...Object.keys(told.params.shape), ...Object.keys(told.query.shape)]
    t.strictSame(
      own?.parameters.map(({ name }) => name),
      names,
      `${id}: parameters`,
    )
    t.strictSame(
      Object.keys(own?.responses ?? {}),
      [told.status, ...failuresOf(told)].sort((a, b) => a - b).map(String),
      `${id}: answers`,
    )
    const placed = [...told.path.matchAll(/\{([a-z_]+)\}/g)].map(([, name]) => name)
    t.strictSame(Object.keys(told.params.shape), placed, `${id}: the path has what it is read by`)
    t.notMatch(told.summary, /\.$/, `${id}: a title has no full stop`)
  }
})

t.test('every 4xx is declared that a caller may bring about', async t => {
  for (const [id, told] of Object.entries<Operation>(OPERATIONS)) {
    const failures = new Set(failuresOf(told))
    for (const status of [400, 401, 403, 405, 421, 429, 503]) t.ok(failures.has(status), `${id}: ${status}`)
    if (told.body !== undefined) for (const status of [413, 415, 422]) t.ok(failures.has(status), `${id}: ${status}`)
    if (told.path.includes('{id}')) t.ok(failures.has(404), `${id}: 404`)
  }
})
