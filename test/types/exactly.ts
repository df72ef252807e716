type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** `exactly<Date>()(value)` compiles only if `value` is a Date to the compiler: neither `any` nor something wider or narrower. */
export declare function exactly<Expected>(): <Actual>(
  value: Actual,
  ...proof: Same<Expected, Actual> extends true ? [] : [never]
) => void;
