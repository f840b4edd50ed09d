import { defineErrors } from '@roundhouse/core';

/** Codes of compliance: of rules, of profiles, and of facts that could not be had. */
export const complianceError = defineErrors({
  COMPLIANCE_EXPRESSION_INVALID: {
    message: 'The expression of {rule} is not valid: {reason}',
    hint: 'It is CEL over facts: `roundhouse compliance facts` lists them with their types.',
    retryable: false,
    status: 422,
  },
  COMPLIANCE_PROFILE_UNKNOWN: {
    message: 'There is no profile {profile}',
    hint: 'GET /api/v1/compliance/rules names the profiles; own ones stand under compliance.profiles.',
    retryable: false,
    status: 404,
  },
  COMPLIANCE_EXPRESSION_COSTLY: {
    message: 'The expression of {rule} would take {steps} steps over these facts, at most {max_steps} are allowed',
    hint: 'Look through one list at a time, or write several rules.',
    retryable: false,
    status: 422,
  },
  FACT_NOT_PROVIDED: {
    message: 'Nothing here can tell {fact}',
    hint: 'The part of the product that would know it is not there, or is not configured.',
    retryable: false,
    status: 503,
  },
  FACT_INVALID: {
    message: 'What {source} says of {fact} is not of its type: {reason}',
    hint: 'This is a fault of the product. Please report it.',
    retryable: false,
    status: 500,
  },
  FACT_SOURCE_FAILED: {
    message: '{source} could not be asked: {reason}',
    hint: 'The log says more. It is asked again with the next evaluation.',
    retryable: true,
    status: 503,
  },
});
