// guards: src/observe/frequent-lines.ts
import t from 'tap'
import { alarm, lines, request, unknown, verdict, written } from './every-event.ts'

const SECRET = 'hunter2-hunter2'

t.test('secrets are taken out of what is written', t => {
  const texts = [
    `https://user:${SECRET}@host/path`,
    `http://${SECRET}@host/`,
    `//a:b@c:${SECRET}@host/`,
    `Authorization: Bearer ${SECRET}`,
    `"authorization":"Basic ${SECRET}"`,
    `proxy-authorization=Basic ${SECRET}`,
    `bearer ${SECRET}`,
    `Cookie: a=${SECRET}; b=c`,
    `/simple/demo/?token=${SECRET}&x=y`,
    `password: ${SECRET}`,
    `pypi-${SECRET}${SECRET}`,
  ]
  for (const text of texts)
    for (const format of ['json', 'text'] as const) {
      const told = written(
        [
          request({ url: text }),
          verdict({ filename: text }),
          unknown({ untrusted: { [text]: [text] }, cause: new Error(text, { cause: new Error(text) }) }),
          alarm(text),
        ],
        { format },
      )
      t.notMatch(told, SECRET, `${format}: ${text}`)
    }
  const byName = written([alarm({ authorization: SECRET, deep: { api_token: SECRET, 'set-cookie': SECRET } })])
  t.notMatch(byName, SECRET)
  t.match(
    lines([request({ url: '/simple/a/?x=1' })]),
    [{ untrusted: { url: '/simple/a/?x=1' } }],
    'and nothing else is',
  )
  t.end()
})
