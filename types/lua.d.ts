// A Lua script is imported as its text: the build inlines it, vitest does the same (vitest.config.ts).
declare module '*.lua' {
  const text: string
  export default text
}
