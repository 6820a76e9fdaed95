//! Exact decimal numbers, for money: `decimal('0.10') + decimal('0.20')` is `0.30`, and stays so.
//!
//! Up to 36 digits, 18 of them behind the point. Adding, subtracting and multiplying are exact or fail with `overflow`; only
//! products and quotients with more than 18 digits behind the point are rounded, half to even. The digits behind the point
//! are kept as written, so `12.30` prints as `12.30`; `1.5 == 1.50` all the same.
//!
//! A double becomes the shortest decimal that reads back as the same double, which is what its JSON shows.

use std::cmp::Ordering;
use std::fmt;

/// Most digits behind the point.
const SCALE_MAX: u32 = 18;

/// The magnitude stays below ten to the power of this.
const DIGITS_MAX: u32 = 36;

/// `units / 10^scale`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decimal {
    units: i128,
    scale: u32,
}

impl Decimal {
    fn checked(units: i128, scale: u32) -> Option<Self> {
        let is_small = units.unsigned_abs() < 10_u128.pow(DIGITS_MAX);
        (is_small && scale <= SCALE_MAX).then_some(Self { units, scale })
    }

    /// `units` of the `scale`th digit behind the point: 1230 and 2 make 12.30.
    pub(super) fn from_units(units: i64, scale: u32) -> Option<Self> {
        Self::checked(units.into(), scale)
    }

    pub(super) fn whole(n: i128) -> Option<Self> {
        Self::checked(n, 0)
    }

    /// Reads `12.30`, `-7`, `.5`, `1e3`; more than 18 digits behind the point are refused.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (is_negative, digits) = match mantissa.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all = [whole, fraction].concat();
        if all.is_empty() || all.len() > 2 * DIGITS_MAX as usize {
            return None;
        }
        let mut units: i128 = 0;
        for byte in all.bytes() {
            let digit = byte.is_ascii_digit().then(|| i128::from(byte - b'0'))?;
            units = units.checked_mul(10)?.checked_add(digit)?;
        }
        let units = if is_negative { -units } else { units };
        let scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        match u32::try_from(scale) {
            Ok(scale) => Self::shortened(units, scale),
            Err(_) => {
                let zeros = scale.unsigned_abs();
                Self::checked(units.checked_mul(10_i128.checked_pow(zeros)?)?, 0)
            }
        }
    }

    /// Without zeros at the end, as far as those are too many.
    fn shortened(mut units: i128, mut scale: u32) -> Option<Self> {
        while scale > SCALE_MAX && units % 10 == 0 {
            units /= 10;
            scale -= 1;
        }
        Self::checked(units, scale)
    }

    /// The shortest decimal that reads back as `n`.
    pub(super) fn from_double(n: f64) -> Option<Self> {
        // Without an exponent 1e300 would be three hundred digits.
        n.is_finite().then(|| Self::parse(&format!("{n:e}")))?
    }

    pub(super) fn to_double(self) -> f64 {
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// Without its fraction.
    pub(super) fn truncated(self) -> i128 {
        self.units / 10_i128.pow(self.scale)
    }

    pub(super) fn is_zero(self) -> bool {
        self.units == 0
    }

    pub(super) fn is_negative(self) -> bool {
        self.units < 0
    }

    /// Both in units of the same digit.
    fn aligned(self, other: Self) -> Option<(i128, i128, u32)> {
        let scale = self.scale.max(other.scale);
        let raised = |of: Self| of.units.checked_mul(10_i128.pow(scale - of.scale));
        Some((raised(self)?, raised(other)?, scale))
    }

    pub(super) fn add(self, other: Self) -> Option<Self> {
        let (a, b, scale) = self.aligned(other)?;
        Self::checked(a.checked_add(b)?, scale)
    }

    pub(super) fn subtract(self, other: Self) -> Option<Self> {
        self.add(other.negate())
    }

    pub(super) fn negate(self) -> Self {
        Self { units: -self.units, scale: self.scale }
    }

    pub(super) fn abs(self) -> Self {
        Self { units: self.units.abs(), scale: self.scale }
    }

    pub(super) fn multiply(self, other: Self) -> Option<Self> {
        let product = self.units.checked_mul(other.units)?;
        let scale = self.scale + other.scale;
        if scale <= SCALE_MAX {
            return Self::checked(product, scale);
        }
        let divisor = 10_i128.pow(scale - SCALE_MAX);
        Self::checked(half_even(product, divisor), SCALE_MAX)
    }

    /// The quotient with as many digits as it needs, up to 18; `None` also for a division by zero.
    pub(super) fn divide(self, other: Self) -> Option<Self> {
        if other.units == 0 {
            return None;
        }
        // (a / 10^s) / (b / 10^t) = a * 10^(18 + t - s) / b, in units of the 18th digit.
        let raise = SCALE_MAX + other.scale - self.scale;
        let dividend = self.units.checked_mul(10_i128.checked_pow(raise)?)?;
        let mut quotient = half_even(dividend, other.units);
        let mut scale = SCALE_MAX;
        let kept = self.scale.max(other.scale);
        while scale > kept && quotient % 10 == 0 {
            quotient /= 10;
            scale -= 1;
        }
        Self::checked(quotient, scale)
    }

    /// What is left over by whole division, with the sign of the dividend.
    pub(super) fn remainder(self, other: Self) -> Option<Self> {
        let (a, b, scale) = self.aligned(other)?;
        Self::checked(a.checked_rem(b)?, scale)
    }

    /// Exactly `n_digits` behind the point: zeros are added, or what is too much rounded, half to even.
    pub(super) fn rounded(self, n_digits: u32) -> Option<Self> {
        match n_digits.checked_sub(self.scale) {
            Some(zeros) => {
                Self::checked(self.units.checked_mul(10_i128.checked_pow(zeros)?)?, n_digits)
            }
            None => {
                let divisor = 10_i128.pow(self.scale - n_digits);
                Self::checked(half_even(self.units, divisor), n_digits)
            }
        }
    }

    /// As [`rounded`](Self::rounded), but half away from zero.
    pub(super) fn half_up(self, n_digits: u32) -> Option<Self> {
        if self.scale <= n_digits {
            return Some(self);
        }
        let divisor = 10_i128.pow(self.scale - n_digits);
        let half = if self.units < 0 { -(divisor / 2) } else { divisor / 2 };
        Self::checked((self.units + half) / divisor, n_digits)
    }

    pub(super) fn floor(self) -> Option<Self> {
        Self::whole(self.units.div_euclid(10_i128.pow(self.scale)))
    }

    pub(super) fn ceil(self) -> Option<Self> {
        Self::whole(-(-self.units).div_euclid(10_i128.pow(self.scale)))
    }

    /// Units of the `n_digits`th digit behind the point, rounded half to even: 12.30 has 1230 of the second.
    pub(super) fn minor_units(self, n_digits: u32) -> Option<i64> {
        i64::try_from(self.rounded(n_digits)?.units).ok()
    }

    pub(super) fn compare(self, other: Self) -> Ordering {
        match self.aligned(other) {
            Some((a, b, _)) => a.cmp(&b),
            // One of them is so much larger that it has no room for the digits of the other.
            None => self.truncated().cmp(&other.truncated()),
        }
    }
}

/// The quotient, rounded half to even. The divisor is not zero.
fn half_even(dividend: i128, divisor: i128) -> i128 {
    let (quotient, rest) = (dividend / divisor, dividend % divisor);
    let twice = rest.unsigned_abs().saturating_mul(2);
    let is_up = match twice.cmp(&divisor.unsigned_abs()) {
        Ordering::Less => false,
        Ordering::Equal => quotient % 2 != 0,
        Ordering::Greater => true,
    };
    let step = if (dividend < 0) == (divisor < 0) { 1 } else { -1 };
    if is_up { quotient + step } else { quotient }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.units < 0 { "-" } else { "" };
        let scale = self.scale as usize;
        let digits = format!("{:0>width$}", self.units.unsigned_abs(), width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        match fraction {
            "" => write!(f, "{sign}{whole}"),
            fraction => write!(f, "{sign}{whole}.{fraction}"),
        }
    }
}
