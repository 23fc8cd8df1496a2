//! From the SDK's errors to the port's: which "no" is a no, and which is only silence.
//!
//! Does not retry. Texts hold codes and the service's own message, never an item.

use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use domain::ports::{CommitError, Fault};

/// What failed, for the operator.
pub(crate) fn fault<E, R>(what: &str, error: &SdkError<E, R>) -> Fault
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug,
{
    Fault(match error {
        SdkError::ServiceError(context) => {
            let (code, message) = (context.err().code().unwrap_or("?"), context.err().message().unwrap_or("-"));
            format!("{what}: {code}: {message}")
        }
        SdkError::TimeoutError(_) => format!("{what}: no answer in time"),
        SdkError::DispatchFailure(failure) => format!("{what}: not reached: {}", chain(failure.as_connector_error())),
        SdkError::ResponseError(_) => format!("{what}: the answer was not understood"),
        SdkError::ConstructionFailure(_) => format!("{what}: the request could not be made"),
        _ => format!("{what}: failed"),
    })
}

fn chain(error: Option<&(impl Error + 'static)>) -> String {
    let mut texts = Vec::new();
    let mut next = error.map(|e| e as &dyn Error);
    while let Some(error) = next {
        texts.push(error.to_string());
        next = error.source();
    }
    texts.join(": ")
}

/// A transaction that was cancelled because somebody else was first is a conflict, everything else may have happened.
pub(crate) fn commit<R: std::fmt::Debug>(error: SdkError<TransactWriteItemsError, R>) -> CommitError {
    let unknown = |detail: String| CommitError::Unknown(Fault(detail));
    let text = fault("commit", &error).0;
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else {
        return unknown(text);
    };
    let codes: Vec<_> =
        cancelled.cancellation_reasons().iter().filter_map(|r| r.code()).filter(|c| *c != "None").collect();
    let lost = |code: &&str| matches!(*code, "ConditionalCheckFailed" | "TransactionConflict");
    if codes.iter().any(lost) && !codes.contains(&"ValidationError") {
        CommitError::Conflict
    } else {
        unknown(format!("commit: cancelled: {}", codes.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::error::ErrorMetadata;
    use aws_sdk_dynamodb::types::CancellationReason;
    use aws_sdk_dynamodb::types::error::{
        ThrottlingException, TransactionCanceledException, TransactionInProgressException,
    };

    fn cancelled(codes: &[&str]) -> CommitError {
        let reasons = codes.iter().map(|c| CancellationReason::builder().code(*c).build()).collect();
        let error = TransactionCanceledException::builder().set_cancellation_reasons(Some(reasons)).build();
        commit(SdkError::service_error(TransactWriteItemsError::TransactionCanceledException(error), ()))
    }

    #[test]
    fn a_failed_condition_or_a_concurrent_transaction_is_a_conflict() {
        assert_eq!(cancelled(&["None", "ConditionalCheckFailed"]), CommitError::Conflict);
        assert_eq!(cancelled(&["TransactionConflict", "None"]), CommitError::Conflict);
        assert_eq!(cancelled(&["ThrottlingError", "ConditionalCheckFailed"]), CommitError::Conflict);
    }

    #[test]
    fn a_cancellation_for_another_reason_is_not() {
        for codes in [&["ThrottlingError", "None"][..], &["ItemCollectionSizeLimitExceeded"], &["ValidationError"], &[]]
        {
            assert!(matches!(cancelled(codes), CommitError::Unknown(_)), "{codes:?}");
        }
        assert!(matches!(cancelled(&["ValidationError", "ConditionalCheckFailed"]), CommitError::Unknown(_)));
    }

    /// House rule 5: no answer is not "no".
    #[test]
    fn silence_is_unknown() {
        type E = SdkError<TransactWriteItemsError, ()>;
        let timeout: E = SdkError::timeout_error("late");
        let garbled: E = SdkError::response_error("odd", ());
        let throttled = TransactWriteItemsError::ThrottlingException(ThrottlingException::builder().build());
        let running =
            TransactWriteItemsError::TransactionInProgressException(TransactionInProgressException::builder().build());
        for error in [timeout, garbled, SdkError::service_error(throttled, ()), SdkError::service_error(running, ())] {
            assert!(matches!(commit(error), CommitError::Unknown(_)));
        }
    }

    #[test]
    fn the_operator_reads_code_and_message() {
        let meta = ErrorMetadata::builder().code("ValidationException").message("bad expression").build();
        let error: SdkError<_, ()> = SdkError::service_error(TransactWriteItemsError::generic(meta), ());
        assert_eq!(fault("load", &error), Fault("load: ValidationException: bad expression".into()));
    }
}
