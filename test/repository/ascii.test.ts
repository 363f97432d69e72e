import t from 'tap'
import { asAscii } from '../../scripts/packaging/ascii.ts'

t.test('a character beyond ASCII becomes its escape, in texts, templates, expressions and names', async t => {
  for (const [code, escaped] of [
    [`f('it’s 😀')`, String.raw`f('it\u2019s \ud83d\ude00')`],
    ['f(`·`)', 'f(`\\u00b7`)'],
    ['html`<b>·</b>`', 'html`<b>\\u00b7</b>`'],
    ['f(/[’😀]/u)', String.raw`f(/[\u2019\ud83d\ude00]/u)`],
    ['f(é)', String.raw`f(\u00e9)`],
    [String.raw`f('\u2019\\')`, String.raw`f('\u2019\\')`],
  ] as const)
    t.equal(asAscii('some', code), escaped)
})

t.test('where an escape would mean something else nothing is built', async t => {
  for (const code of [String.raw`f('\’')`, String.raw`f(/\’/)`, 'String.raw`’`', "f('’"])
    t.throws(() => asAscii('some', code), code)
})
