type Camel<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Name;

/** An object with its names as proto-loader writes the contract's: `weight_decay` becomes `weightDecay`. */
export function camelCase<T extends object>(object: T): { [Name in keyof T & string as Camel<Name>]: T[Name] } {
  const entries = Object.entries(object).map(([name, value]) => [
    name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  return Object.fromEntries(entries);
}
